//! Commands that show in the shape of the whole value rather than behind a separator.

use super::super::super::Hit;
use super::{MANY_WORDS, SENTENCE};
use crate::bytes::ByteClasses;
use crate::text::{ends, find, has_sentence, head, holds, is_word, prose_words, run, starts, tail};
use crate::words::Phrases;

/// The first of these shapes that the text has.
pub(super) fn detect(text: &[u8], seen: ByteClasses) -> Option<Hit> {
    let (brace, dollar) = (
        seen.intersects(ByteClasses::BRACE),
        seen.intersects(ByteClasses::DOLLAR),
    );
    let shell = brace.then(|| shellshock(text)).flatten();
    let percent = seen.intersects(ByteClasses::PERCENT);
    shell
        .or_else(|| percent.then(|| cmd_variable(text)).flatten())
        .or_else(|| quoted_option(text))
        .or_else(|| control_flow(text))
        .or_else(|| dollar.then(|| variable_command(text)).flatten())
        .or_else(|| (brace && dollar).then(|| sliced_variable(text)).flatten())
        .or_else(|| option(text))
}

/// An option that makes a program run another, as the value itself: `-oProxyCommand=id`.
pub(in super::super) fn option(text: &[u8]) -> Option<Hit> {
    let value = text.trim_ascii_start();
    let runs = value.first() == Some(&b'-')
        && holds(
            head(value, 64),
            const {
                &Phrases::new(&[
                    b"proxycommand=",
                    b"checkpoint-action=",
                    b"--to-command=",
                    b"--use-compress-program=",
                    b"--upload-pack=",
                    b"--receive-pack=",
                    b"--rsh=",
                    b"--init-command=",
                ])
            },
        );
    // git's transport that is a command.
    let transport = starts(value, b"ext::") && value.contains(&b' ');
    (runs || transport).then(|| Hit::at("command-option", 9, 0, value.len()))
}

/// `x' -exec id \; -o -name '`: out of an argument in quotes, into the options of the program.
fn quoted_option(text: &[u8]) -> Option<Hit> {
    let quote = text
        .iter()
        .take(24)
        .position(|b| matches!(b, b'\'' | b'"'))?;
    let rest = tail(text, quote.saturating_add(1));
    let out = rest.first() == Some(&b' ') && crate::text::skip_space(rest).first() == Some(&b'-');
    let runs = || {
        holds(
            head(rest, 256),
            const {
                &Phrases::new(&[
                    b" -exec ",
                    b" -execdir ",
                    b" -ok ",
                    b" -oproxycommand",
                    b" --checkpoint-action",
                    b" --to-command",
                    b" -o/tmp/",
                ])
            },
        )
    };
    (out && runs()).then(|| Hit::at("command-option", 9, quote, 1))
}

/// `w%COMSPEC:~-7,1%oami`, `%COMSPEC% /c`: letters cut out of a variable of cmd, or its shell called.
fn cmd_variable(text: &[u8]) -> Option<Hit> {
    let at = text.iter().position(|&b| b == b'%')?;
    let inside = tail(text, at.saturating_add(1));
    let name = run(inside, is_word);
    let rest = tail(inside, name);
    let numbers = run(tail(rest, 2), |b| {
        b.is_ascii_digit() || matches!(b, b'-' | b',')
    });
    let sliced =
        rest.starts_with(b":~") && tail(rest, numbers.saturating_add(2)).first() == Some(&b'%');
    let shell = starts(inside, b"comspec%");
    (name > 0 && (sliced || shell) && !has_sentence(text, SENTENCE))
        .then(|| Hit::at("command-variable", 9, at, 1))
}

/// `;while true; do id; done`, `;if true; then id; fi`: a loop of the shell behind a separator.
fn control_flow(text: &[u8]) -> Option<Hit> {
    let value = tail(
        text,
        run(text, |b| {
            b.is_ascii_digit() || matches!(b, b'\'' | b'"' | b')' | b' ')
        }),
    );
    let (b';' | b'|' | b'&') = value.first()? else {
        return None;
    };
    let body = tail(value, run(value, |b| b";|& ".contains(&b)));
    let ends =
        |first: &[u8], last: &[u8]| find(body, first).is_some() && find(body, last).is_some();
    let looped = (starts(body, b"while ") || starts(body, b"for ") || starts(body, b"until "))
        && ends(b"do ", b"done");
    let branch = starts(body, b"if ") && ends(b"then ", b"fi");
    let tested = starts(body, b"[ ") && find(body, b" ]").is_some() && find(body, b"&&").is_some();
    (looped || branch || tested).then(|| Hit::at("command-separator", 9, 0, 1))
}

/// `() { :;}; ...`: a function in a variable that old shells ran.
fn shellshock(text: &[u8]) -> Option<Hit> {
    let at = find(text, b"() {").or_else(|| find(text, b"(){"))?;
    let body = tail(text, at.saturating_add(3));
    let starts_value = prose_words(head(text, at), 4) <= 2;
    let inside = head(body, 64);
    let lambda = head(text, at).last().is_some_and(|&b| is_word(b));
    let ends_early = inside
        .iter()
        .position(|&b| b == b'}')
        .is_some_and(|close| tail(inside, close).iter().any(|&b| b == b';' || b == b'>'));
    let quick = starts(crate::text::skip_space(tail(body, 1)), b":;")
        || starts(crate::text::skip_space(tail(body, 1)), b"_;");
    let known =
        starts_value && !lambda && (quick || ends_early || find(inside, b"echo ").is_some());
    known.then(|| Hit::at("command-shellshock", 10, at, 4))
}

/// `${PATH:0:1}bin${PATH:0:1}id`: letters cut out of a variable to spell what a filter refuses.
fn sliced_variable(text: &[u8]) -> Option<Hit> {
    let mut slices = 0usize;
    let mut first = None;
    for at in text
        .windows(2)
        .enumerate()
        .filter_map(|(at, pair)| (pair == b"${").then_some(at))
    {
        let inside = head(tail(text, at.saturating_add(2)), 32);
        let name = run(inside, is_word);
        let numbers = run(tail(inside, name), |b| {
            b.is_ascii_digit() || matches!(b, b':' | b'-' | b' ')
        });
        let colons = head(tail(inside, name), numbers)
            .iter()
            .filter(|&&b| b == b':')
            .count();
        let closed = inside.get(name.saturating_add(numbers)) == Some(&b'}');
        if name > 0 && numbers >= 2 && (1..=2).contains(&colons) && closed {
            slices = slices.saturating_add(1);
            first = first.or(Some(at));
        }
    }
    let few = prose_words(text, MANY_WORDS) < MANY_WORDS && !has_sentence(text, SENTENCE);
    let first = first.filter(|_| few && slices >= 2)?;
    Some(Hit::at("command-variable", 9, first, 2))
}

/// `CMD=$'..';$CMD`, `a=l;b=s;$a$b`: a command put into a variable and called.
fn variable_command(text: &[u8]) -> Option<Hit> {
    let equals = text.iter().take(64).position(|&b| b == b'=')?;
    let before = head(text, equals);
    let length = before.iter().rev().take_while(|&&b| is_word(b)).count();
    let name = tail(before, before.len().saturating_sub(length));
    if length == 0 || prose_words(head(before, before.len().saturating_sub(length)), 3) > 1 {
        return None;
    }
    let value = head(tail(text, equals.saturating_add(1)), 512);
    let call = value
        .windows(2)
        .position(|pair| matches!(pair, [b';' | b'&' | b'|' | b' ', b'$']))?;
    let called = tail(value, call.saturating_add(2));
    let called = if called.first() == Some(&b'{') {
        tail(called, 1)
    } else {
        called
    };
    let same = called.starts_with(name) && !called.get(length).is_some_and(|&b| is_word(b));
    let shell = head(value, call).iter().any(|b| b";$'\"".contains(b))
        || ends(head(value, call.saturating_add(1)), b";");
    (same && shell).then(|| Hit::at("command-variable", 9, equals, 1))
}
