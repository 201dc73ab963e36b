"""A deliberately vulnerable application over SQLite: what `siege.py` besieges.

Every handler does what its name says in the worst way there is. It listens on a loopback port of its
own choice, writes that port to its standard output, and must never run anywhere else.
"""

import html
import http.server
import json
import sqlite3
import subprocess
import sys
import urllib.parse

INDEX = """<!doctype html><title>shop</title>
<a href="/item?id=1">item</a> <a href="/search?q=shoes">search</a> <a href="/ping?host=127.0.0.1">ping</a>
<form action="/login" method="post"><input name="user"><input name="password"></form>
<form action="/note" method="post"><input name="text"></form>"""


def database():
    """Three tables in memory; one thread at a time uses them."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.executescript(
        """
        create table item(id integer primary key, name text, price real);
        insert into item values (1, 'red shoes', 49.5), (2, 'blue suede shoes', 99.0), (3, 'laces', 2.5);
        create table account(user text, password text);
        insert into account values ('alice', 'correct horse'), ('root', 'battery staple');
        """
    )
    return connection


class Vulnerable(http.server.BaseHTTPRequestHandler):
    """Concatenates everything into everything."""

    protocol_version = "HTTP/1.1"
    rows = database()

    def do_GET(self):
        target = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(target.query, keep_blank_values=True))
        match target.path:
            case "/":
                self.page(INDEX)
            case "/item":
                self.sql("select name, price from item where id = " + query.get("id", "1"))
            case "/search":
                self.page(f"<p>nothing found for {query.get('q', '')}</p><input value=\"{query.get('q', '')}\">")
            case "/ping":
                self.shell("echo PING " + query.get("host", ""))
            case _:
                self.page("<p>no such page</p>", 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if "json" in self.headers.get("content-type", ""):
            try:
                form = json.loads(body)
            except ValueError:
                return self.page("<p>not JSON</p>", 400)
        else:
            form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        match urllib.parse.urlsplit(self.path).path:
            case "/login":
                user, password = form.get("user", ""), form.get("password", "")
                self.sql(f"select user from account where user = '{user}' and password = '{password}'")
            case "/find":
                self.sql(f"select name, price from item where name like '%{form.get('name', '')}%'")
            case "/note":
                self.page(f"<p>you said {form.get('text', '')}</p>")
            case "/lookup":
                self.shell("echo lookup " + str(form.get("host", "")))
            case _:
                self.page("<p>no such page</p>", 404)

    def sql(self, statement):
        try:
            rows = self.rows.execute(statement).fetchall()
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            return self.page(f"<p>SQLite error: {html.escape(str(error))}</p>", 500)
        self.page("<ul>" + "".join(f"<li>{html.escape(str(row))}</li>" for row in rows) + "</ul>")

    def shell(self, command):
        try:
            done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=5, check=False)
            output = done.stdout + done.stderr
        except (subprocess.TimeoutExpired, ValueError) as error:
            output = str(error).encode()
        self.page("<pre>" + html.escape(output.decode("utf-8", "replace")) + "</pre>")

    def page(self, text, status=200):
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vulnerable)
    print(server.server_address[1], flush=True)
    # Ends with whoever started it: standard input is a pipe of the driver.
    import threading

    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
