//! The classes of attack the scanner knows.

use core::fmt;

/// A class of attack. New classes are added when their detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Class {
    /// SQL injection.
    Sqli,
    /// Cross-site scripting.
    Xss,
    /// Operating system commands: sh, cmd, PowerShell, and code that starts a process.
    Command,
    /// Path traversal and inclusion of local or remote files.
    Path,
    /// Server-side templates and expression languages.
    Template,
    /// Operators and server-side script of document databases.
    Nosql,
    /// LDAP filters.
    Ldap,
    /// XPath and XQuery expressions.
    Xpath,
    /// External entities, and markup that makes an XML parser fetch or run something.
    Xxe,
    /// Server-side and edge-side includes.
    Include,
    /// JNDI look-ups in log messages (Log4Shell), nested look-ups included.
    Jndi,
    /// URLs that point a server at itself, at its metadata service or at odd schemes.
    Ssrf,
    /// Header, response and mail-command injection by line breaks.
    Crlf,
    /// JavaScript prototype pollution.
    Prototype,
    /// Serialised objects: Java, PHP, Python, .NET, Ruby, Node.
    Deserialization,
    /// GraphQL documents made to exhaust the server: depth, aliases, directives.
    Graphql,
    /// Member names that clients may not set, as the policy lists them.
    MassAssignment,
    /// Prose that tries to instruct a language model. Off unless asked for.
    Prompt,
}

impl Class {
    /// Every class, in the order of their names in documentation.
    pub const ALL: [Class; 18] = [
        Class::Sqli,
        Class::Xss,
        Class::Command,
        Class::Path,
        Class::Template,
        Class::Nosql,
        Class::Ldap,
        Class::Xpath,
        Class::Xxe,
        Class::Include,
        Class::Jndi,
        Class::Ssrf,
        Class::Crlf,
        Class::Prototype,
        Class::Deserialization,
        Class::Graphql,
        Class::MassAssignment,
        Class::Prompt,
    ];

    /// The name used in policies, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Sqli => "sqli",
            Class::Xss => "xss",
            Class::Command => "command",
            Class::Path => "path",
            Class::Template => "ssti",
            Class::Nosql => "nosql",
            Class::Ldap => "ldap",
            Class::Xpath => "xpath",
            Class::Xxe => "xxe",
            Class::Include => "include",
            Class::Jndi => "jndi",
            Class::Ssrf => "ssrf",
            Class::Crlf => "crlf",
            Class::Prototype => "prototype",
            Class::Deserialization => "deserialization",
            Class::Graphql => "graphql",
            Class::MassAssignment => "mass-assignment",
            Class::Prompt => "prompt",
        }
    }

    /// The class of that name.
    pub fn from_name(name: &str) -> Option<Class> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassSet(u32);

impl ClassSet {
    /// No class.
    pub const EMPTY: ClassSet = ClassSet(0);

    /// Every class this version knows.
    pub fn all() -> ClassSet {
        Class::ALL.into_iter().collect()
    }

    /// What is looked for unless a policy says otherwise: everything but prompts, which are
    /// ordinary prose to every other application.
    pub fn standard() -> ClassSet {
        let mut set = Self::all();
        set.remove(Class::Prompt);
        set
    }

    /// Adds a class.
    pub fn insert(&mut self, class: Class) {
        self.0 |= class.bit();
    }

    /// Takes a class out.
    pub fn remove(&mut self, class: Class) {
        self.0 &= !class.bit();
    }

    /// Whether the class is in the set.
    pub const fn contains(self, class: Class) -> bool {
        self.0 & class.bit() != 0
    }

    /// Whether no class is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Class> for ClassSet {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        let mut set = ClassSet::EMPTY;
        classes.into_iter().for_each(|class| set.insert(class));
        set
    }
}
