//! A walk over the bytes of a checked JSON text, which finds where values are.

use core::ops::Range;

use super::path::{Path, Step};

/// A member of an object: `"name": value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Name, unescaped.
    pub(crate) name: String,
    /// From the first quote of the name to the end of the value.
    pub(crate) whole: Range<usize>,
    pub(crate) value: Range<usize>,
}

/// A value that a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    /// The member of every step; for `[*]` the array element, as whole and value.
    pub(crate) steps: Vec<Member>,
    /// How many members the object of each step has; 0 for `[*]`.
    pub(crate) company: Vec<usize>,
}

/// Every place in a checked `text` that `path` leads to, in the order of the text.
pub(crate) fn find(text: &[u8], path: &Path) -> Vec<Match> {
    let mut found = Vec::new();
    let start = Match {
        steps: Vec::new(),
        company: Vec::new(),
    };
    descend(text, 0..text.len(), path.steps(), &start, &mut found);
    found
}

/// Every member of every object of a checked `text`, outer ones first.
pub(crate) fn all_members(text: &[u8], visit: &mut dyn FnMut(&Member)) {
    let mut waiting = Vec::new();
    waiting.push(0..text.len());
    while let Some(range) = waiting.pop() {
        for member in members_in(text, range.clone()).unwrap_or_default() {
            visit(&member);
            waiting.push(member.value);
        }
        waiting.extend(elements_in(text, range).unwrap_or_default());
    }
}

fn descend(
    text: &[u8],
    range: Range<usize>,
    steps: &[Step],
    so_far: &Match,
    found: &mut Vec<Match>,
) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(so_far.clone());
        return;
    };
    let mut go = |member: Member, company: usize| {
        let value = member.value.clone();
        let mut next = so_far.clone();
        next.steps.push(member);
        next.company.push(company);
        descend(text, value, rest, &next, found);
    };
    match step {
        Step::Member(name) => {
            let members = members_in(text, range).unwrap_or_default();
            let company = members.len();
            if let Some(member) = members.into_iter().find(|member| member.name == *name) {
                go(member, company);
            }
        }
        Step::Elements => {
            for value in elements_in(text, range).unwrap_or_default() {
                let element = Member {
                    name: String::new(),
                    whole: value.clone(),
                    value,
                };
                go(element, 0);
            }
        }
    }
}

fn members_in(text: &[u8], range: Range<usize>) -> Option<Vec<Member>> {
    let mut cursor = Cursor {
        text,
        at: range.start,
    };
    cursor.expect(b'{')?;
    let mut members = Vec::new();
    while cursor.peek()? == b'"' {
        let name = cursor.string()?;
        let text_of_name = serde_json::from_slice(text.get(name.clone())?).ok()?;
        cursor.expect(b':')?;
        let value = cursor.value()?;
        members.push(Member {
            name: text_of_name,
            whole: name.start..value.end,
            value,
        });
        if cursor.peek()? != b',' {
            break;
        }
        cursor.expect(b',')?;
    }
    cursor.expect(b'}')?;
    Some(members)
}

fn elements_in(text: &[u8], range: Range<usize>) -> Option<Vec<Range<usize>>> {
    let mut cursor = Cursor {
        text,
        at: range.start,
    };
    cursor.expect(b'[')?;
    let mut elements = Vec::new();
    while cursor.peek()? != b']' {
        elements.push(cursor.value()?);
        if cursor.peek()? != b',' {
            break;
        }
        cursor.expect(b',')?;
    }
    cursor.expect(b']')?;
    Some(elements)
}

/// A place in a checked text. Gives up instead of reading beyond it.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.text.get(self.at)?, b' ' | b'\t' | b'\n' | b'\r') {
            self.step();
        }
        self.text.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.step())
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        self.peek()?;
        let start = self.at;
        self.expect(b'"')?;
        loop {
            let byte = *self.text.get(self.at)?;
            self.step();
            match byte {
                b'\\' => self.step(),
                b'"' => return Some(start..self.at),
                _ => {}
            }
        }
    }

    /// Any value, from its first byte to behind its last.
    fn value(&mut self) -> Option<Range<usize>> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => return self.string(),
            b'{' | b'[' => {
                let mut depth = 0_usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => depth = depth.checked_add(1)?,
                        b'}' | b']' => depth = depth.checked_sub(1)?,
                        _ => {}
                    }
                    self.step();
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => {
                while let Some(byte) = self.text.get(self.at) {
                    if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
                        break;
                    }
                    self.step();
                }
            }
        }
        Some(start..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        r#" { "a" : {"b":[ {"c":1}, {"c":"x}\"]"} ,{"d":2}]} , "\u0065":true, "f":[] } "#;

    fn values(path: &str) -> Vec<&'static str> {
        find(TEXT.as_bytes(), &Path::parse(path).unwrap())
            .into_iter()
            .map(|found| &TEXT[found.steps.last().unwrap().value.clone()])
            .collect()
    }

    #[test]
    fn paths_lead_to_exactly_the_bytes_of_their_values() {
        assert_eq!(values("$.a.b[*].c"), ["1", r#""x}\"]""#]);
        assert_eq!(values("$.a.b"), [r#"[ {"c":1}, {"c":"x}\"]"} ,{"d":2}]"#]);
        assert_eq!(values("$.e"), ["true"], "an escaped name is its name");
        assert_eq!(values("$.f[*]"), [""; 0]);
        assert_eq!(values("$.a.c"), [""; 0]);
        assert_eq!(values("$.e.x"), [""; 0]);
        let members = members_in(TEXT.as_bytes(), 0..TEXT.len()).unwrap();
        assert_eq!(&TEXT[members[1].whole.clone()], r#""\u0065":true"#);
        let mut names = Vec::new();
        all_members(TEXT.as_bytes(), &mut |member| {
            names.push(member.name.clone())
        });
        names.sort();
        assert_eq!(names, ["a", "b", "c", "c", "d", "e", "f"]);
    }
}
