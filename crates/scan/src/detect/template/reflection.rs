//! Names by which an expression leaves the template for the language below.

use crate::text::{holds, is_word, run, skip_space, starts, tail};
use crate::words::{Phrases, Table};

/// How a name has to stand to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Anywhere in the expression.
    Any,
    /// As a call: `name(`.
    Call,
    /// As the argument of a filter, in quotes, as in `filter('system')`.
    Text,
}

use Use::{Any, Call, Text};

static NAMES: Table<Use, 128> = Table::new(&[
    ("__base__", Any),
    ("__bases__", Any),
    ("__builtins__", Any),
    ("__class__", Any),
    ("__dict__", Any),
    ("__getattribute__", Any),
    ("__getitem__", Any),
    ("__globals__", Any),
    ("__import__", Any),
    ("__init__", Any),
    ("__mro__", Any),
    ("__proto__", Any),
    ("__reduce__", Any),
    ("__subclasses__", Any),
    ("_memberaccess", Any),
    ("_mmarker", Any),
    ("_module", Any),
    ("_templatereference__context", Any),
    ("_with_template", Any),
    ("allowstaticmethodaccess", Any),
    ("child_process", Any),
    ("classforname", Any),
    ("classloader", Any),
    ("constructor", Text),
    ("define_method", Call),
    ("entries", Text),
    ("exec", Call),
    ("execsync", Call),
    ("filter_functions", Any),
    ("forname", Call),
    ("freemarker", Any),
    ("fromcharcode", Call),
    ("getattribute", Text),
    ("getclass", Call),
    ("getclassloader", Call),
    ("getdeclaredmethods", Any),
    ("getenginebyname", Call),
    ("getenv", Call),
    ("getinputstream", Call),
    ("getservletcontext", Call),
    ("getsession", Call),
    ("setattribute", Call),
    ("getdeclaredmethod", Call),
    ("getprotectiondomain", Call),
    ("registry", Text),
    ("getmethod", Call),
    ("getmethods", Call),
    ("getowner", Any),
    ("getproperty", Text),
    ("getruntime", Call),
    ("instance_eval", Any),
    ("instance_variable_get", Any),
    ("jdk", Text),
    ("lipsum", Any),
    ("mainmodule", Any),
    ("mro", Call),
    ("newinstance", Call),
    ("objectconstructor", Any),
    ("ognl", Any),
    ("ognlutil", Any),
    ("passthru", Any),
    ("popen", Call),
    ("processbuilder", Any),
    ("registerundefinedfiltercallback", Any),
    ("runtime", Text),
    ("scriptenginemanager", Any),
    ("shell_exec", Any),
    ("spawn_sync", Any),
    ("spawnsync", Any),
    ("subclasses", Call),
    ("subprocess", Any),
    ("system", Call),
    ("wscript", Any),
]);

/// Phrases of more than a name.
static PHRASES: Phrases = Phrases::new(&[
    b"|attr(",
    b"| attr(",
    b"request|attr",
    b"\\x5f",
    b"java.lang",
    b"java.util",
    b"java.io",
    b"javax.script",
    b"t(java",
    b"t(org.",
    b"new java.",
    b"@java.",
    b"@org.",
    b"?new(",
    b"?api",
    b"constructor.constructor",
    b"constructor('",
    b"constructor(\"",
    b"[\"constructor",
    b"['constructor",
    b".class.",
    b"'class'",
    b"filter('system",
    b"filter(\"system",
    b"map('system",
    b"sort('system",
    b"reduce('system",
    b"self.module",
    b"self.template",
    b"self.attr",
    b"self.context",
    b"self._",
    b"file.open(",
    b"file.read(",
    b"io.popen",
    b"dir.entries",
    b"dir.glob",
    b"global.process",
    b"process.mainmodule",
    b"process.binding",
    b"require('child",
    b"require(\"child",
    b"smarty.",
    b"$class.inspect",
    b"system.diagnostics",
    b"server.mappath",
    b"|file_excerpt",
    b"| file_excerpt",
    b"call_user_func",
    b"cycler.",
    b"joiner.",
    b"get_flashed_messages.",
    b"url_for.",
    b"tostring.constructor",
    b"import os",
    b"import subprocess",
    b"include '/",
    b"include \"/",
    b"source('/",
    b"source(\"/",
    b"\".execute()",
    b"'.execute()",
    b"'/etc/",
    b"\"/etc/",
    b"'/proc/",
    b"\"/proc/",
    b"'file:///",
    b"\"file:///",
    b"system.io.",
    b"system.reflection",
    b"system.net.",
    b"system.environment",
    b".data_model",
    b"require 'open3",
    b"open3.",
    b".constructor.prototype",
    b"().constructor",
    b".exec \"",
    b".system \"",
    b".command \"",
    b"|exec",
    b"| exec",
    b"|system",
    b"| system",
    b"|passthru",
    b"| passthru",
    b"smarty_internal",
]);

/// Whether anything in a text could make one of its expressions reflective: asked once of a text that
/// may have hundreds of them, one in the other.
pub(super) fn may_reflect(text: &[u8]) -> bool {
    named(text) || holds(text, &PHRASES) || underscores(text)
}

/// Whether the expression reaches out of its template.
pub(super) fn is_reflective(expression: &[u8]) -> bool {
    may_reflect(expression)
}

/// Whether it does so by how it starts.
pub(super) fn starts_reflective(expression: &[u8]) -> bool {
    runs_back_quote(expression)
        || smarty(expression)
        || starts(expression, b"with \"")
        || starts(expression, b"with '")
        || special_variable(expression)
}

/// FreeMarker's own variables: `${.version}`.
fn special_variable(expression: &[u8]) -> bool {
    let [b'.', name @ ..] = expression else {
        return false;
    };
    let length = run(name, is_word);
    let known: [&[u8]; 7] = [
        b"version",
        b"data_model",
        b"main_template_name",
        b"template_name",
        b"globals",
        b"locals",
        b"namespace",
    ];
    length == name.len() && known.contains(&name)
}

/// Whether one of the names is used as the table says.
fn named(expression: &[u8]) -> bool {
    let mut before = 0u8;
    let mut rest = expression;
    while !rest.is_empty() {
        let length = run(rest, is_word);
        if length == 0 {
            before = rest.first().copied().unwrap_or_default();
            rest = tail(rest, 1);
            continue;
        }
        let word = rest.get(..length).unwrap_or_default();
        let after = tail(rest, length);
        let next = skip_space(after).first();
        let quoted = matches!(before, b'\'' | b'"');
        let found = match NAMES.get(word) {
            Some(Any) => true,
            Some(Call) => {
                next == Some(&b'(') || quoted && matches!(next, Some(b'\'' | b'"')) && length > 4
            }
            Some(Text) => quoted && matches!(next, Some(b'\'' | b'"')),
            None => false,
        };
        if found {
            return true;
        }
        before = word.last().copied().unwrap_or_default();
        rest = after;
    }
    false
}

/// `` <%= `id` %> ``, `{php}echo `id`;{/php}`.
fn runs_back_quote(expression: &[u8]) -> bool {
    starts(expression, b"`")
        && expression.iter().filter(|&&b| b == b'`').count() >= 2
        && expression.len() < 128
}

/// Smarty's own variable, which tells about the server.
fn smarty(expression: &[u8]) -> bool {
    starts(expression, b"smarty.")
}

/// Underscores put together from pieces: `["_"*2,"class","_"*2]|join`.
fn underscores(expression: &[u8]) -> bool {
    holds(
        expression,
        const {
            &Phrases::new(&[
                b"\"_\"*", b"'_'*", b"\"__\",", b"'__',", b"\"__\"~", b"'__'~", b"\"__\"+",
                b"'__'+",
            ])
        },
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_sorted() {
        super::NAMES.assert_complete();
    }
}
