//! What an expression does: compute with constants, call a method of a literal, print a root.

use crate::text::{is_space, is_word, run, skip_space, starts, tail};
use crate::words::Phrases;

/// Whether the whole expression is arithmetic over constants, or repeats a string: `7*7`,
/// `7*'7'`, `(1+2)*3`, `'a'+'b'`.
pub(super) fn computes(expression: &[u8]) -> bool {
    let mut rest = skip_space(expression);
    let (mut operands, mut operators, mut strong, mut strings) = (0usize, 0usize, false, 0usize);
    let mut after_operand = false;
    let mut leading_zero = false;
    while let Some(&byte) = rest.first() {
        let length = match byte {
            b'(' | b')' => 1,
            b'0'..=b'9' if !after_operand => {
                operands = operands.saturating_add(1);
                after_operand = true;
                leading_zero |= matches!(rest, [b'0', b'0'..=b'9', ..]);
                run(rest, |b| b.is_ascii_digit() || b == b'.')
            }
            b'\'' | b'"' if !after_operand => {
                operands = operands.saturating_add(1);
                strings = strings.saturating_add(1);
                after_operand = true;
                let inside = run(tail(rest, 1), |b| b != byte);
                if inside > 32 {
                    return false;
                }
                inside.saturating_add(2)
            }
            b'*' | b'+' | b'%' | b'/' | b'-' | b'^' | b'~' => {
                if after_operand {
                    operators = operators.saturating_add(1);
                    after_operand = false;
                } else if byte != b'*' && byte != b'-' {
                    return false;
                }
                strong |= matches!(byte, b'*' | b'+' | b'%' | b'^');
                1
            }
            b if is_space(b) => 1,
            // What is computed is printed or assigned; the rest matters no more.
            b';' | b'|' | b'?' if after_operand && operators > 0 => break,
            _ => return false,
        };
        rest = tail(rest, length);
    }
    let weak = operands == 2 && operators == 1 && !leading_zero;
    operands >= 2 && after_operand && (strong || weak) && strings < operands.max(2)
        || operands >= 2
            && strings > 0
            && strong
            && after_operand
            && operands.saturating_sub(strings) >= 1
}

/// `set x = 7*7`, `print(7*7)`, `$x=7*7`, `var x = 7*7`: the same, put into a variable or printed.
pub(super) fn assigns(expression: &[u8]) -> bool {
    let name = run(expression, |b| is_word(b) || matches!(b, b' ' | b'$'));
    let (Some(b'=' | b'('), value) = (
        expression.get(name),
        tail(expression, name.saturating_add(1)),
    ) else {
        return false;
    };
    let end = run(value, |b| b != b';' && b != b'}');
    let value = value.get(..end).unwrap_or_default().trim_ascii();
    let value = match expression.get(name) {
        Some(b'(') => value.strip_suffix(b")").unwrap_or(value),
        _ => value,
    };
    let verb = expression.get(name) == Some(&b'=') || starts(expression, b"print");
    verb && name <= 24 && value.len() <= 24 && value.contains(&b'*') && computes(value)
}

/// `'a'.toUpperCase()`, `"".class`, `[].length()`, `().__x`: nobody's template has a method on a
/// literal.
pub(super) fn literal_method(expression: &[u8]) -> bool {
    let after = match expression {
        [quote @ (b'\'' | b'"'), inside @ ..] => {
            let length = run(inside, |b| b != *quote);
            if length > 32 {
                return false;
            }
            tail(inside, length.saturating_add(1))
        }
        [b'[', b']', after @ ..] | [b'(', b')', after @ ..] | [b'{', b'}', after @ ..] => after,
        _ => return false,
    };
    let after = skip_space(after);
    let Some((b'.', method)) = after.split_first() else {
        return false;
    };
    let name = run(method, is_word);
    // Python's format and join on a literal are what templates of deployment tools use.
    let usual = [b"format".as_slice(), b"join", b"split"]
        .iter()
        .any(|word| starts(method, word));
    name > 0 && !usual
}

/// Objects that frameworks put into every template, printed whole or asked for their inside.
pub(super) fn root_object(opener: &[u8], expression: &[u8], alone: bool) -> Option<u8> {
    const ROOTS: [&[u8]; 11] = [
        b"config",
        b"self",
        b"request",
        b"settings",
        b"app",
        b"_self",
        b"session",
        b"g",
        b"_context",
        b"this",
        b"debug",
    ];
    static INSIDE: Phrases = Phrases::new(&[
        b"config.items(",
        b"config.iteritems(",
        b"config.from_",
        b"config.secret_key",
        b"config['secret_key",
        b"settings.secret_key",
        b"app.request.server",
        b"app.request.query.filter",
        b"dump(app",
        b"dump(_context",
        b"_self.env",
        b"request.application",
        b"request.environ",
        b"self.env",
        b"app.request.files",
        b"get_user_file(",
        b"handler.settings",
        b"handler.application",
        b"signer.key",
        b"get_admin_log",
        b"constant('php",
        b"constant(\"php",
        b"attribute(_self",
        b"[request.args",
        b"[request.values",
        b"config|string",
        b"dict(__",
        b"self.__dict__",
    ]);
    let braces = matches!(opener, b"{{" | b"{%" | b"${" | b"#{");
    if !braces {
        return None;
    }
    let name = run(expression, is_word);
    let word = expression.get(..name).unwrap_or_default();
    let whole =
        name == expression.len() && ROOTS.iter().any(|root| word.eq_ignore_ascii_case(root));
    // What Java's expression language calls its own: asked for alone, or to do something.
    const IMPLICIT: [&[u8]; 8] = [
        b"pagecontext",
        b"facescontext",
        b"externalcontext",
        b"applicationscope",
        b"sessionscope",
        b"requestscope",
        b"initparam",
        b"servletcontext",
    ];
    let implicit = IMPLICIT.iter().any(|root| word.eq_ignore_ascii_case(root));
    if implicit && opener != b"{{" && (alone || expression.contains(&b'(')) {
        return Some(9);
    }
    if alone && opener == b"{%" && expression == b"debug" {
        return Some(8);
    }
    if whole && opener == b"{{" {
        return Some(if alone { 9 } else { 4 });
    }
    crate::text::holds(expression, &INSIDE).then_some(9)
}
