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
    /// `begin`: leads a block of statements.
    Begin,
    /// `top`: how many rows, where other products say `limit`.
    Top,
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
    /// `limit`, which only joins, too.
    Limit,
    /// `identified`, `grant`, `backup`, `bulk`: administer.
    Grant,
    /// Words that only join others: `in`, `on`, `as`, `set`, `values`, `then`, `else`.
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
const LONGEST: usize = 28;

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
    ("all", K::All),
    ("all_objects", K::Catalogue),
    ("all_tab_columns", K::Catalogue),
    ("all_tab_tables", K::Catalogue),
    ("all_tables", K::Catalogue),
    ("all_users", K::Catalogue),
    ("alter", K::Change),
    ("analyse", K::Analyse),
    ("and", K::Condition),
    ("as", K::Joint),
    ("ascii", K::Call),
    ("avg", K::Call),
    ("backup", K::Grant),
    ("basedir", K::ServerVariable),
    ("begin", K::Begin),
    ("benchmark", K::DangerousCall),
    ("between", K::CompareWord),
    ("bin", K::Call),
    ("binary", K::Prefix),
    ("boolean", K::BooleanMode),
    ("bulk", K::Grant),
    ("by", K::By),
    ("call", K::Exec),
    ("case", K::Case),
    ("cast", K::Call),
    ("char", K::CharCall),
    ("chr", K::CharCall),
    ("coalesce", K::Call),
    ("concat", K::Call),
    ("concat_ws", K::Call),
    ("convert", K::Call),
    ("count", K::Call),
    ("create", K::Change),
    ("crypt_key", K::Call),
    ("ctxsys", K::Escape),
    ("current_user", K::Call),
    ("database", K::Object),
    ("database_to_xml", K::DangerousCall),
    ("datadir", K::ServerVariable),
    ("dba_users", K::Catalogue),
    ("dblink", K::DangerousCall),
    ("dbms_ldap", K::Escape),
    ("dbms_lock", K::Escape),
    ("dbms_pipe", K::Escape),
    ("dbms_scheduler", K::Escape),
    ("dbms_utility", K::Escape),
    ("dbms_xmlgen", K::Escape),
    ("dbms_xslprocessor", K::Escape),
    ("declare", K::Exec),
    ("delay", K::Delay),
    ("delete", K::Change),
    ("distinct", K::All),
    ("distinctrow", K::All),
    ("drop", K::Change),
    ("dual", K::Dual),
    ("dumpfile", K::Outfile),
    ("else", K::Joint),
    ("elt", K::ConditionalCall),
    ("end", K::Joint),
    ("except", K::Union),
    ("exec", K::Exec),
    ("execute", K::Exec),
    ("exists", K::Prefix),
    ("exp", K::Call),
    ("extractvalue", K::DangerousCall),
    ("false", K::Boolean),
    ("floor", K::Call),
    ("fn_xe_file_target_read_file", K::DangerousCall),
    ("from", K::From),
    ("function", K::Object),
    ("generate_series", K::DangerousCall),
    ("glob", K::CompareWord),
    ("global", K::ServerVariable),
    ("grant", K::Grant),
    ("greatest", K::Call),
    ("group", K::OrderGroup),
    ("group_concat", K::Call),
    ("gtid_subset", K::DangerousCall),
    ("having", K::Having),
    ("hex", K::Call),
    ("hextoraw", K::Call),
    ("hostname", K::ServerVariable),
    ("identified", K::Grant),
    ("if", K::ConditionalCall),
    ("ifnull", K::Call),
    ("iif", K::ConditionalCall),
    ("ilike", K::CompareWord),
    ("in", K::Joint),
    ("information_schema", K::Catalogue),
    ("insert", K::Change),
    ("instr", K::Call),
    ("intersect", K::Union),
    ("into", K::Into),
    ("is", K::CompareWord),
    ("isnull", K::Call),
    ("json_extract", K::Call),
    ("json_keys", K::Call),
    ("left", K::Call),
    ("len", K::Call),
    ("length", K::Call),
    ("like", K::CompareWord),
    ("limit", K::Limit),
    ("lo_export", K::DangerousCall),
    ("lo_import", K::DangerousCall),
    ("load_extension", K::DangerousCall),
    ("load_file", K::DangerousCall),
    ("login", K::Object),
    ("lower", K::Call),
    ("lpad", K::Call),
    ("make_set", K::ConditionalCall),
    ("master", K::Product),
    ("md5", K::Call),
    ("microsoftversion", K::ServerVariable),
    ("mid", K::Call),
    ("minus", K::Union),
    ("mode", K::Mode),
    ("msysobjects", K::Catalogue),
    ("mysql", K::Product),
    ("not", K::Prefix),
    ("null", K::Null),
    ("nullif", K::Call),
    ("nvl", K::Call),
    ("offset", K::Joint),
    ("on", K::Joint),
    ("opendatasource", K::DangerousCall),
    ("openquery", K::DangerousCall),
    ("openrowset", K::DangerousCall),
    ("or", K::Condition),
    ("ord", K::Call),
    ("order", K::OrderGroup),
    ("outfile", K::Outfile),
    ("pg_backend_pid", K::Call),
    ("pg_catalog", K::Catalogue),
    ("pg_class", K::Catalogue),
    ("pg_database", K::Catalogue),
    ("pg_ls_dir", K::DangerousCall),
    ("pg_read_file", K::DangerousCall),
    ("pg_shadow", K::Catalogue),
    ("pg_sleep", K::DangerousCall),
    ("pg_tables", K::Catalogue),
    ("pg_user", K::Catalogue),
    ("printf", K::Call),
    ("procedure", K::Procedure),
    ("query_to_xml", K::DangerousCall),
    ("quote", K::Call),
    ("rand", K::Call),
    ("randomblob", K::DangerousCall),
    ("rdb$database", K::Catalogue),
    ("rdb$fields", K::Catalogue),
    ("receive_message", K::DangerousCall),
    ("regexp", K::CompareWord),
    ("regexp_substring", K::DangerousCall),
    ("repeat", K::Call),
    ("replace", K::Call),
    ("right", K::Call),
    ("rlike", K::CompareWord),
    ("row", K::Call),
    ("schema", K::Object),
    ("schema_name", K::Call),
    ("select", K::Select),
    ("servername", K::ServerVariable),
    ("session_user", K::Call),
    ("set", K::Joint),
    ("shutdown", K::Exec),
    ("similar", K::CompareWord),
    ("sleep", K::DangerousCall),
    ("sounds", K::CompareWord),
    ("sp_executesql", K::Escape),
    ("sp_oacreate", K::Escape),
    ("space", K::Call),
    ("spid", K::ServerVariable),
    ("sqlite_master", K::Catalogue),
    ("sqlite_schema", K::Catalogue),
    ("sqlite_version", K::Call),
    ("strcmp", K::Call),
    ("substr", K::Call),
    ("substring", K::Call),
    ("sys_eval", K::DangerousCall),
    ("sys_exec", K::DangerousCall),
    ("syscolumns", K::Catalogue),
    ("sysdatabases", K::Catalogue),
    ("sysibm", K::Catalogue),
    ("sysobjects", K::Catalogue),
    ("system_user", K::Call),
    ("sysusers", K::Catalogue),
    ("table", K::Object),
    ("then", K::Joint),
    ("time", K::Delay),
    ("top", K::Top),
    ("true", K::Boolean),
    ("truncate", K::Change),
    ("typeof", K::Call),
    ("uid", K::Call),
    ("unhex", K::Call),
    ("unicode", K::Call),
    ("union", K::Union),
    ("update", K::Change),
    ("updatexml", K::DangerousCall),
    ("upper", K::Call),
    ("user", K::Object),
    ("user_id", K::Call),
    ("user_tables", K::Catalogue),
    ("utl_file", K::Escape),
    ("utl_http", K::Escape),
    ("utl_inaddr", K::Escape),
    ("utl_raw", K::Escape),
    ("v$session", K::Catalogue),
    ("v$version", K::Catalogue),
    ("values", K::Joint),
    ("version", K::Call),
    ("version_comment", K::ServerVariable),
    ("view", K::Object),
    ("waitfor", K::Waitfor),
    ("when", K::Condition),
    ("where", K::Condition),
    ("xmltype", K::Call),
    ("xor", K::Condition),
    ("xp_cmdshell", K::Escape),
    ("xp_dirtree", K::Escape),
    ("xp_fileexist", K::Escape),
    ("xp_regread", K::Escape),
    ("xp_subdirs", K::Escape),
    ("zeroblob", K::DangerousCall),
];
