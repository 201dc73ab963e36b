/*
 * The peers of the scanner's measurements, from Debian's packages: libmodsecurity with the Core Rule Set,
 * and the C libinjection inside of that library.
 *
 *   modsecurity libinjection            records of 4 bytes length (little endian) and text on standard
 *                                       input; for each one byte out: 1 SQL injection, 2 XSS, 3 both
 *   modsecurity crs ROUNDS FILE...      each file as the JSON body of a request, ROUNDS times through
 *                                       every request phase; prints "file bytes nanoseconds refused"
 *
 * Nanoseconds are of processor time, for one request, the best of five lots.
 */
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int libinjection_sqli(const char *text, size_t length, char fingerprint[]);
int libinjection_xss(const char *text, size_t length);

#define MAX_RECORD (1 << 20)

static int verdicts(void) {
    static unsigned char text[MAX_RECORD + 1];
    unsigned char length[4];
    while (fread(length, 1, 4, stdin) == 4) {
        size_t size = length[0] | length[1] << 8 | length[2] << 16 | (size_t)length[3] << 24;
        char fingerprint[16];
        if (size > MAX_RECORD || fread(text, 1, size, stdin) != size) {
            return 1;
        }
        text[size] = 0;
        int sqli = libinjection_sqli((const char *)text, size, fingerprint) == 1;
        int xss = libinjection_xss((const char *)text, size) == 1;
        if (putchar(sqli | xss << 1) == EOF) {
            return 1;
        }
        /* A batch ends with an empty record: the other side waits for its answers. */
        if (size == 0) {
            fflush(stdout);
        }
    }
    return 0;
}

/* What nginx would hand over, with the request phases only. */
static const char *const RULES =
    "SecRuleEngine On\n"
    "SecRequestBodyAccess On\n"
    "SecRequestBodyLimit 13107200\n"
    "SecRequestBodyNoFilesLimit 13107200\n"
    "SecPcreMatchLimit 500000\n"
    "SecPcreMatchLimitRecursion 500000\n"
    "SecRule REQUEST_HEADERS:Content-Type \"^application/json\" "
    "\"id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON\"\n"
    "Include /etc/modsecurity/crs/crs-setup.conf\n"
    "Include /usr/share/modsecurity-crs/rules/*.conf\n";

static void header(Transaction *transaction, const char *name, const char *value) {
    msc_add_request_header(transaction, (const unsigned char *)name, (const unsigned char *)value);
}

static int request(ModSecurity *engine, RulesSet *rules, const unsigned char *body, size_t length) {
    Transaction *transaction = msc_new_transaction(engine, rules, NULL);
    char size[32];
    snprintf(size, sizeof size, "%zu", length);
    msc_process_connection(transaction, "127.0.0.1", 40000, "127.0.0.1", 8443);
    msc_process_uri(transaction, "/orders?page=2", "POST", "1.1");
    header(transaction, "host", "api.example.org");
    header(transaction, "user-agent", "okhttp/4.12.0");
    header(transaction, "accept", "application/json");
    header(transaction, "content-type", "application/json");
    header(transaction, "content-length", size);
    msc_process_request_headers(transaction);
    msc_append_request_body(transaction, body, length);
    msc_process_request_body(transaction);
    ModSecurityIntervention answer = {200, 0, NULL, NULL, 0};
    int refused = msc_intervention(transaction, &answer) != 0 && answer.disruptive;
    free(answer.url);
    free(answer.log);
    msc_transaction_cleanup(transaction);
    return refused;
}

static double processor_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void quiet(void *data, const void *line) {
    (void)data;
    (void)line;
}

static int crs(int rounds, char **files) {
    ModSecurity *engine = msc_init();
    RulesSet *rules = msc_create_rules_set();
    const char *error = NULL;
    msc_set_log_cb(engine, quiet);
    int loaded = msc_rules_add(rules, RULES, &error);
    if (loaded < 100) {
        fprintf(stderr, "only %d rules were loaded: %s\n", loaded, error ? error : "no reason given");
        return 1;
    }
    fprintf(stderr, "%d rules\n", loaded);
    for (; *files != NULL; files++) {
        static unsigned char body[MAX_RECORD];
        FILE *file = fopen(*files, "rb");
        if (file == NULL) {
            perror(*files);
            return 1;
        }
        size_t length = fread(body, 1, sizeof body, file);
        fclose(file);
        double best = 1e9;
        int refused = request(engine, rules, body, length);
        for (int lot = 0; lot < 5; lot++) {
            double start = processor_seconds();
            for (int round = 0; round < rounds; round++) {
                request(engine, rules, body, length);
            }
            double each = (processor_seconds() - start) / rounds;
            best = each < best ? each : best;
        }
        printf("%s %zu %.0f %d\n", *files, length, best * 1e9, refused);
    }
    return 0;
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "libinjection") == 0) {
        return verdicts();
    }
    if (count >= 4 && strcmp(arguments[1], "crs") == 0) {
        return crs(atoi(arguments[2]), arguments + 3);
    }
    fprintf(stderr, "usage: modsecurity libinjection | modsecurity crs ROUNDS FILE...\n");
    return 2;
}
