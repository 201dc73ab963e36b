//! The words of SQL that the grammar asks for, by the part they play in an injection.

/// What a word is in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    /// `union`, `intersect`, `except`.
    Union,
    /// `all`, `distinct` and their like, between `union` and `select`.
    All,
    /// `select`.
    Select,
    /// `from`.
    From,
    /// `or`, `and`, `xor`, `where`, `when`: a condition follows.
    Condition,
    /// `having`, of which the same is true, and which is rare in prose.
    Having,
    /// `like`, `rlike`, `regexp`, `is`, `between`: comparisons that are words.
    CompareWord,
    /// `not`, `binary`: may stand before an operand.
    Prefix,
    /// `true`, `false`.
    Boolean,
    /// `null`.
    Null,
    /// `case`.
    Case,
    /// A function that waits, works long, reads files or runs commands.
    DangerousCall,
    /// A function that takes a condition as its first argument: `if`, `iif`, `elt`, `make_set`.
    ConditionalCall,
    /// `char`, `chr`.
    CharCall,
    /// Any other function injections are built from: `concat`, `substring`, `ascii`, `cast`.
    Call,
    /// A stored procedure or package that reaches out of the database: `xp_cmdshell`, `utl_http`.
    Escape,
    /// A catalogue of the database: `information_schema`, `sysobjects`, `sqlite_master`.
    Catalogue,
    /// The name of a product that is a catalogue only with a dot behind it: `mysql.user`.
    Product,
    /// A variable of the server, behind `@@`.
    ServerVariable,
    /// `dual`: a table that only a subquery without a table names.
    Dual,
    /// `waitfor`.
    Waitfor,
    /// `delay`, `time`.
    Delay,
    /// `order`, `group`.
    OrderGroup,
    /// `by`.
    By,
    /// `into`.
    Into,
    /// `outfile`, `dumpfile`.
    Outfile,
    /// `procedure`.
    Procedure,
    /// `analyse`.
    Analyse,
    /// `boolean`.
    BooleanMode,
    /// `mode`.
    Mode,
    /// `insert`, `delete`, `update`, `drop`, `create`, `alter`, `truncate`: start a statement.
    Change,
    /// `table`, `database`, `function` and other objects of such a statement.
    Object,
    /// `exec`, `execute`, `declare`, `shutdown`, `call`: start a statement by themselves.
    Exec,
    /// Words that only join others: `in`, `on`, `as`, `set`, `values`, `limit`, `then`, `else`.
    Joint,
}

/// The keyword a word is, whatever its case; words of other scripts and long ones are none.
pub(super) fn keyword(word: &[u8]) -> Option<Keyword> {
    let mut lower = [0u8; LONGEST];
    let text = lower.get_mut(..word.len())?;
    text.copy_from_slice(word);
    text.make_ascii_lowercase();
    let first = text.first()?.checked_sub(b'a')?;
    let (start, end) = *STARTS.get(usize::from(first))?;
    let candidates = WORDS.get(usize::from(start)..usize::from(end))?;
    candidates
        .iter()
        .find(|(name, _)| name.as_bytes() == text)
        .map(|(_, keyword)| *keyword)
}

/// Bytes of the longest word in the table.
const LONGEST: usize = 20;

/// Where in [`WORDS`] each first letter starts and ends.
static STARTS: [(u16, u16); 26] = starts();

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn starts() -> [(u16, u16); 26] {
    let mut starts = [(0, 0); 26];
    let mut at = 0;
    while at < WORDS.len() {
        let letter = (WORDS[at].0.as_bytes()[0] - b'a') as usize;
        if starts[letter].1 == 0 {
            starts[letter].0 = at as u16;
        }
        assert!(
            starts[letter].1 == 0 || starts[letter].1 == at as u16,
            "sorted by first letter"
        );
        assert!(WORDS[at].0.len() <= LONGEST, "LONGEST is too short");
        starts[letter].1 = at as u16 + 1;
        at += 1;
    }
    starts
}

use Keyword as K;

/// Sorted by first letter.
static WORDS: &[(&str, Keyword)] = &[
    ("and", K::Condition),
    ("all", K::All),
    ("as", K::Joint),
    ("ascii", K::Call),
    ("analyse", K::Analyse),
    ("alter", K::Change),
    ("avg", K::Call),
    ("all_tables", K::Catalogue),
    ("all_users", K::Catalogue),
    ("all_tab_columns", K::Catalogue),
    ("by", K::By),
    ("basedir", K::ServerVariable),
    ("between", K::CompareWord),
    ("benchmark", K::DangerousCall),
    ("boolean", K::BooleanMode),
    ("binary", K::Prefix),
    ("bin", K::Call),
    ("case", K::Case),
    ("cast", K::Call),
    ("char", K::CharCall),
    ("chr", K::CharCall),
    ("concat", K::Call),
    ("concat_ws", K::Call),
    ("convert", K::Call),
    ("count", K::Call),
    ("create", K::Change),
    ("coalesce", K::Call),
    ("call", K::Exec),
    ("current_user", K::Call),
    ("ctxsys", K::Escape),
    ("crypt_key", K::Call),
    ("delete", K::Change),
    ("drop", K::Change),
    ("declare", K::Exec),
    ("delay", K::Delay),
    ("distinct", K::All),
    ("distinctrow", K::All),
    ("database", K::Object),
    ("dual", K::Dual),
    ("datadir", K::ServerVariable),
    ("dumpfile", K::Outfile),
    ("dba_users", K::Catalogue),
    ("dbms_pipe", K::Escape),
    ("dbms_lock", K::Escape),
    ("dbms_ldap", K::Escape),
    ("dbms_xmlgen", K::Escape),
    ("dbms_utility", K::Escape),
    ("exec", K::Exec),
    ("execute", K::Exec),
    ("except", K::Union),
    ("elt", K::ConditionalCall),
    ("else", K::Joint),
    ("end", K::Joint),
    ("exists", K::Prefix),
    ("exp", K::Call),
    ("extractvalue", K::DangerousCall),
    ("from", K::From),
    ("floor", K::Call),
    ("false", K::Boolean),
    ("function", K::Object),
    ("group", K::OrderGroup),
    ("global", K::ServerVariable),
    ("group_concat", K::Call),
    ("greatest", K::Call),
    ("generate_series", K::DangerousCall),
    ("having", K::Having),
    ("hex", K::Call),
    ("hostname", K::ServerVariable),
    ("if", K::ConditionalCall),
    ("iif", K::ConditionalCall),
    ("ifnull", K::Call),
    ("isnull", K::Call),
    ("in", K::Joint),
    ("into", K::Into),
    ("is", K::CompareWord),
    ("insert", K::Change),
    ("intersect", K::Union),
    ("information_schema", K::Catalogue),
    ("json_keys", K::Call),
    ("limit", K::Joint),
    ("like", K::CompareWord),
    ("left", K::Call),
    ("length", K::Call),
    ("load_file", K::DangerousCall),
    ("lo_import", K::DangerousCall),
    ("login", K::Object),
    ("mid", K::Call),
    ("microsoftversion", K::ServerVariable),
    ("md5", K::Call),
    ("mode", K::Mode),
    ("make_set", K::ConditionalCall),
    ("minus", K::Union),
    ("msysobjects", K::Catalogue),
    ("mysql", K::Product),
    ("master", K::Product),
    ("null", K::Null),
    ("not", K::Prefix),
    ("nvl", K::Call),
    ("nullif", K::Call),
    ("or", K::Condition),
    ("order", K::OrderGroup),
    ("ord", K::Call),
    ("on", K::Joint),
    ("offset", K::Joint),
    ("outfile", K::Outfile),
    ("openrowset", K::DangerousCall),
    ("opendatasource", K::DangerousCall),
    ("openquery", K::DangerousCall),
    ("procedure", K::Procedure),
    ("pg_sleep", K::DangerousCall),
    ("pg_user", K::Catalogue),
    ("pg_shadow", K::Catalogue),
    ("pg_catalog", K::Catalogue),
    ("pg_database", K::Catalogue),
    ("pg_read_file", K::DangerousCall),
    ("pg_ls_dir", K::DangerousCall),
    ("query_to_xml", K::DangerousCall),
    ("rlike", K::CompareWord),
    ("regexp", K::CompareWord),
    ("replace", K::Call),
    ("repeat", K::Call),
    ("rand", K::Call),
    ("randomblob", K::DangerousCall),
    ("regexp_substring", K::DangerousCall),
    ("right", K::Call),
    ("row", K::Call),
    ("receive_message", K::DangerousCall),
    ("rdb$database", K::Catalogue),
    ("rdb$fields", K::Catalogue),
    ("select", K::Select),
    ("sleep", K::DangerousCall),
    ("servername", K::ServerVariable),
    ("spid", K::ServerVariable),
    ("set", K::Joint),
    ("shutdown", K::Exec),
    ("substr", K::Call),
    ("substring", K::Call),
    ("schema", K::Object),
    ("schema_name", K::Call),
    ("session_user", K::Call),
    ("sysobjects", K::Catalogue),
    ("syscolumns", K::Catalogue),
    ("sysdatabases", K::Catalogue),
    ("sysusers", K::Catalogue),
    ("sysibm", K::Catalogue),
    ("sqlite_master", K::Catalogue),
    ("sqlite_schema", K::Catalogue),
    ("sp_executesql", K::Escape),
    ("sp_oacreate", K::Escape),
    ("sys_eval", K::DangerousCall),
    ("sys_exec", K::DangerousCall),
    ("table", K::Object),
    ("then", K::Joint),
    ("time", K::Delay),
    ("truncate", K::Change),
    ("true", K::Boolean),
    ("union", K::Union),
    ("update", K::Change),
    ("updatexml", K::DangerousCall),
    ("user", K::Object),
    ("user_tables", K::Catalogue),
    ("utl_http", K::Escape),
    ("utl_inaddr", K::Escape),
    ("utl_file", K::Escape),
    ("values", K::Joint),
    ("version", K::Call),
    ("version_comment", K::ServerVariable),
    ("view", K::Object),
    ("v$version", K::Catalogue),
    ("v$session", K::Catalogue),
    ("waitfor", K::Waitfor),
    ("where", K::Condition),
    ("when", K::Condition),
    ("xor", K::Condition),
    ("xmltype", K::Call),
    ("xp_cmdshell", K::Escape),
    ("xp_dirtree", K::Escape),
    ("xp_fileexist", K::Escape),
    ("xp_regread", K::Escape),
];
