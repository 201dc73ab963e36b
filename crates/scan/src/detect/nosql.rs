//! Operators and server-side script of document databases (MongoDB and its relatives).
//!
//! Typed where types are known: a JSON key that is an operator (`{"password":{"$ne":""}}`), or a
//! parameter whose name ends in one in brackets (`password[$ne]=`), needs no second signal, for
//! such a name is what the database acts on. In a value two signals are asked for: an operator with
//! its colon, and that the value starts with it or breaks out to it; or a broken quote and script
//! (`' && this.password.match(`, `;return true`).
//!
//! Close to it: `$ref`, `$schema`, `$set` of analytics events, OData's `$filter`, prose about `$gt`,
//! `return true;` in program code.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{
    Text, find, find_any, head, holds, is_word, prose_words, run, skip_space, starts, tail,
};
use crate::words::{Phrases, Table};
use crate::{Location, Part};

/// An operator's dollar, or what breaks out.
pub(super) const NEEDED: ByteClasses = ByteClasses::DOLLAR
    .with(ByteClasses::QUOTE)
    .with(ByteClasses::SEMICOLON)
    .with(ByteClasses::PIPE)
    .with(ByteClasses::AMPERSAND)
    .with(ByteClasses::PAREN);

/// Operators of queries and of expressions, and the score of one as a key.
static OPERATORS: Table<u8, 128> = Table::new(&[
    ("$accumulator", 10),
    ("$all", 8),
    ("$and", 8),
    ("$comment", 8),
    ("$elemmatch", 9),
    ("$eq", 9),
    ("$exists", 9),
    ("$expr", 9),
    ("$function", 10),
    ("$gt", 9),
    ("$gte", 9),
    ("$in", 9),
    ("$inc", 6),
    ("$jsonschema", 8),
    ("$lookup", 9),
    ("$lt", 9),
    ("$lte", 9),
    ("$match", 8),
    ("$mod", 8),
    ("$ne", 9),
    ("$nin", 9),
    ("$nor", 9),
    ("$not", 8),
    ("$or", 9),
    ("$out", 8),
    ("$push", 5),
    ("$regex", 9),
    ("$set", 5),
    ("$size", 7),
    ("$text", 6),
    ("$type", 5),
    ("$unset", 5),
    ("$where", 10),
    ("$unionwith", 9),
    ("$merge", 8),
    ("$geonear", 8),
    ("$near", 8),
    ("$bitsallset", 9),
    ("$bitsanyset", 9),
    ("$graphlookup", 9),
    ("$rename", 8),
    ("$pull", 6),
    ("$pullall", 8),
    ("$addtoset", 6),
    ("$func", 9),
    ("$options", 7),
    ("$facet", 8),
    ("$indexstats", 9),
    ("$currentop", 9),
    ("$listsessions", 9),
]);

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let bytes = text.bytes;
    if text.part == Part::Name {
        return name(text);
    }
    if text.seen.intersects(ByteClasses::DOLLAR)
        && let Some(hit) = operator(bytes)
    {
        return Some(hit);
    }
    exists(bytes)
        .or_else(|| script(bytes))
        .or_else(|| graph(bytes))
}

/// A name that is an operator, or ends in one in brackets.
fn name(text: &Text<'_>) -> Option<Hit> {
    let bytes = text.bytes;
    let dollar = bytes.iter().position(|&b| b == b'$')?;
    let length = run(tail(bytes, dollar.saturating_add(1)), is_word).saturating_add(1);
    let word = head(tail(bytes, dollar), length);
    let score = OPERATORS.get(word)?;
    let bracketed = dollar > 0
        && matches!(
            bytes.get(dollar.wrapping_sub(1)),
            Some(b'[' | b'.' | b'"' | b'\'')
        );
    let alone =
        dollar == 0 && length == bytes.len() && !matches!(text.location, Location::Header(_));
    (bracketed || alone).then(|| Hit::at("nosql-operator-name", score, dollar, length))
}

/// `{$gt: ''}`, `$where: '1 == 1'`, `[$ne]=1`, `', $or: [`.
fn operator(text: &[u8]) -> Option<Hit> {
    let mut at = 0usize;
    while let Some(dollar) = tail(text, at)
        .iter()
        .position(|&b| b == b'$')
        .map(|p| p.saturating_add(at))
    {
        let rest = tail(text, dollar);
        let length = run(tail(rest, 1), is_word).saturating_add(1);
        at = dollar.saturating_add(length);
        let Some(score) = OPERATORS
            .get(head(rest, length))
            .filter(|score| *score >= 8)
        else {
            continue;
        };
        let after = skip_space(tail(rest, length));
        let before = head(text, dollar).trim_ascii_end();
        let quote = matches!(after.first(), Some(b'"' | b'\''));
        let after_quote = if quote {
            skip_space(tail(after, 1))
        } else {
            after
        };
        let keyed = after_quote.first() == Some(&b':');
        let bracketed = before.last() == Some(&b'[') && starts(after, b"]");
        let words = prose_words(before, 4);
        let place = matches!(
            before.last(),
            None | Some(b'{' | b',' | b'"' | b'\'' | b'[' | b';')
        );
        if bracketed && words <= 2 || keyed && place && words <= 2 {
            return Some(Hit::at("nosql-operator", score.max(9), dollar, length));
        }
        if keyed {
            return Some(Hit::at("nosql-operator", 6, dollar, length));
        }
    }
    None
}

/// Cypher and Gremlin behind a string or a pattern that was closed: `'}) return n//`,
/// `' or 1=1 match (n) detach delete n`, `').drop().iterate()`.
fn graph(text: &[u8]) -> Option<Hit> {
    static CLAUSES: Phrases = Phrases::new(&[
        b"detach delete",
        b"load csv",
        b"call db.",
        b"call dbms.",
        b"call apoc.",
        b" return ",
        b" match (",
        b"union match",
        b".drop().",
        b".drop()",
        b".valuemap(",
        b".sideeffect(",
        b"g.v()",
        b" foreach (",
        b" set u.",
        b" set n.",
        b" filter 1==1",
        b" filter true",
    ]);
    let quote = text.iter().position(|b| matches!(b, b'\'' | b'"'))?;
    let count = |quote: u8| text.iter().filter(|&&b| b == quote).count();
    let odd = count(b'\'') % 2 == 1 || count(b'"') % 2 == 1;
    if !odd || prose_words(head(text, quote), 3) > 2 {
        return None;
    }
    let at = find_any(tail(text, quote), &CLAUSES)?.saturating_add(quote);
    let between = head(
        tail(text, quote.saturating_add(1)),
        at.saturating_sub(quote),
    );
    let closes = matches!(skip_space(between).first(), Some(b'}' | b')'));
    let cut = holds(
        tail(text, at),
        const { &Phrases::new(&[b"//", b"/*", b";", b".iterate("]) },
    );
    let strong = !starts(tail(text, at), b" return ");
    (closes && (strong || cut) || strong && cut).then(|| Hit::at("nosql-graph", 9, at, 8))
}

/// `{"&exists":false}`: an operator whose mark a form has lost.
fn exists(text: &[u8]) -> Option<Hit> {
    let start = skip_space(text);
    let known = [b"{\"&exists\"".as_slice(), b"{'&exists'"]
        .iter()
        .any(|key| starts(start, key));
    known.then(|| Hit::at("nosql-operator", 9, 0, 10))
}

/// JavaScript behind a quote or statement that was broken out of.
fn script(text: &[u8]) -> Option<Hit> {
    if let Some(hit) = collection(text) {
        return Some(hit);
    }
    let value = skip_space(text);
    // What comes before the break: nothing, a number, a word.
    let lead = run(value, |b| is_word(b) || b == b' ' || b == b'.' || b == b'@');
    if lead > 24 || prose_words(head(value, lead), 4) > 2 {
        return None;
    }
    let rest = tail(value, lead);
    let quote = matches!(rest.first(), Some(b'\'' | b'"'));
    let rest = skip_space(if quote { tail(rest, 1) } else { rest });
    let rest = tail(rest, run(rest, |b| matches!(b, b')' | b']' | b'}' | b' ')));
    let operator = match rest {
        [b';', ..] => 1,
        [b'&', b'&', ..] | [b'|', b'|', ..] => 2,
        _ => return None,
    };
    let code = skip_space(tail(rest, operator));
    let at = text.len().saturating_sub(code.len());
    let acts = [
        b"return ".as_slice(),
        b"return(",
        b"this.",
        b"sleep(",
        b"while(",
        b"while (",
        b"do{",
        b"var ",
        b"function",
        b"db.",
        b"it=new",
        b"throw ",
        b"object.keys(this",
        b"tojson(",
        b"(function(",
        b"emit(",
        b"print(tojson",
        b"hex_md5(",
    ]
    .iter()
    .any(|word| starts(code, word));
    let known = acts && (quote || lead == 0 || head(value, lead).iter().all(u8::is_ascii_digit));
    (known || operator == 2 && equality(code) && (quote || lead == 0))
        .then(|| Hit::at("nosql-script", 9, at, 1))
}

/// `1==1`, `'a'=='a`: JavaScript's own equality of constants.
fn equality(code: &[u8]) -> bool {
    let left = run(code, |b| is_word(b) || matches!(b, b'\'' | b'"'));
    let rest = skip_space(tail(code, left));
    let constant = |text: &[u8]| matches!(text.first(), Some(b'0'..=b'9' | b'\'' | b'"'));
    constant(code)
        && starts(rest, b"==")
        && constant(skip_space(tail(rest, run(rest, |b| b == b'='))))
}

/// `db.users.insert(`, `db.stores.mapReduce(`, `this.constructor.constructor(`.
fn collection(text: &[u8]) -> Option<Hit> {
    let at = find(text, b"db.")?;
    let starts_word = !head(text, at)
        .last()
        .is_some_and(|&b| is_word(b) || b == b'.');
    let call = head(tail(text, at.saturating_add(3)), 64);
    let method = find_any(
        call,
        const {
            &Phrases::new(&[
                b".insert(",
                b".find(",
                b".drop(",
                b".remove(",
                b".update(",
                b".mapreduce(",
                b".findone(",
                b".deletemany(",
                b".aggregate(",
                b".count(",
                b"getcollectionnames(",
                b"dropdatabase(",
                b".insertone(",
            ])
        },
    );
    let name = method.is_some_and(|end| head(call, end).iter().all(|&b| is_word(b) || b == b'.'));
    let before = prose_words(head(text, at), 4);
    let more = holds(
        text,
        const { &Phrases::new(&[b";return", b"mapreduce(", b";db."]) },
    );
    let score = if before <= 1 && (more || at > 0 || text.len() < 128) {
        9
    } else {
        5
    };
    (starts_word && name).then(|| Hit::at("nosql-collection", score, at, 3))
}

#[cfg(test)]
mod tests {
    #[test]
    fn operators_are_sorted() {
        super::OPERATORS.assert_complete();
    }
}
