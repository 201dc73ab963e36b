//! Claims handed on: which ones, as what text, and what may never be in it.

use serde_json::Value;

use crate::limits::{MAX_CLAIM_BYTES, MAX_CLAIMS_BYTES};
use crate::refusal::Reason;

/// A claim by its name, or inside one by a JSON pointer (RFC 6901) such as `/address/country`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector(String);

/// How the elements of an array become one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Join(pub(crate) char);

impl Selector {
    /// Reads a name or pointer; `None` when it is neither.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let escapes = text.split('~').skip(1);
        let well_escaped = escapes
            .into_iter()
            .all(|rest| rest.starts_with('0') || rest.starts_with('1'));
        let fits = !text.is_empty() && (!text.starts_with('/') || well_escaped);
        fits.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The value it leads to.
    fn find<'v>(&self, claims: &'v Value) -> Option<&'v Value> {
        match self.0.starts_with('/') {
            true => claims.pointer(&self.0),
            false => claims.get(&self.0),
        }
    }
}

/// The texts of the selected claims that the token has, with the names they go to. All or nothing.
pub(crate) fn texts(
    claims: &Value,
    wanted: &[(Selector, String)],
    join: Join,
) -> Result<Vec<(String, String)>, Reason> {
    let mut texts = Vec::with_capacity(wanted.len());
    let mut bytes = 0_usize;
    for (selector, name) in wanted {
        if let Some(value) = selector.find(claims) {
            let text = text(value, join)?;
            bytes = bytes.saturating_add(text.len());
            texts.push((name.clone(), text));
        }
    }
    match bytes {
        0..=MAX_CLAIMS_BYTES => Ok(texts),
        _ => Err(Reason::TokenClaimValue),
    }
}

/// Strings, numbers and booleans as they are; arrays of those joined, unless an element holds what
/// joins them. Everything else, and every byte that could end a header line, refuses the token.
fn text(claim: &Value, join: Join) -> Result<String, Reason> {
    let text = match claim {
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(scalar).collect();
            let items = items.ok_or(Reason::TokenClaimValue)?;
            if items
                .iter()
                .any(|item| item.is_empty() || item.contains(join.0))
            {
                return Err(Reason::TokenClaimValue);
            }
            items.join(&join.0.to_string())
        }
        one => scalar(one).ok_or(Reason::TokenClaimValue)?,
    };
    let visible = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !visible || text.len() > MAX_CLAIM_BYTES || text.trim() != text {
        return Err(Reason::TokenClaimValue);
    }
    Ok(text)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COMMA: Join = Join(',');

    #[test]
    fn claims_become_texts_or_refuse_the_token() {
        let good = [
            (json!("alice"), "alice"),
            (json!(42), "42"),
            (json!(true), "true"),
            (json!(["a", "b", 3]), "a,b,3"),
            (json!([]), ""),
        ];
        for (claim, expected) in good {
            assert_eq!(text(&claim, COMMA).unwrap(), expected);
        }
        let bad = [
            json!("a\r\nx-admin: 1"),
            json!("a\0"),
            json!("\u{fc}"),
            json!(" a"),
            json!("a".repeat(MAX_CLAIM_BYTES + 1)),
            json!({"a": 1}),
            json!(null),
            json!(["a", {}]),
            json!(["a", ["b"]]),
            json!(["a,b"]),
            json!(["a", "", "b"]),
            json!(["a\r\nb"]),
        ];
        for claim in bad {
            assert_eq!(text(&claim, COMMA), Err(Reason::TokenClaimValue), "{claim}");
        }
        assert_eq!(text(&json!(["a,b", "c"]), Join(' ')).unwrap(), "a,b c");
        let spaced = text(&json!(["a b", "c"]), Join(' '));
        assert_eq!(spaced, Err(Reason::TokenClaimValue));
    }

    #[test]
    fn a_selector_is_a_name_or_a_pointer() {
        let claims = json!({ "a": { "b/c": [1, 2] }, "https://ns/role": "admin", "x.y": 1 });
        let get = |text: &str| Selector::new(text).unwrap().find(&claims).cloned();
        assert_eq!(get("/a/b~1c"), Some(json!([1, 2])));
        assert_eq!(get("/a/b~1c/1"), Some(json!(2)));
        assert_eq!(get("https://ns/role"), Some(json!("admin")));
        assert_eq!(get("x.y"), Some(json!(1)));
        assert_eq!(get("/x/y"), None);
        assert_eq!(get("a/b"), None);
        assert_eq!(Selector::new(""), None);
        assert_eq!(Selector::new("/a~2"), None);
    }

    #[test]
    fn all_texts_together_are_bounded() {
        let claims = json!({ "a": "x".repeat(MAX_CLAIM_BYTES) });
        let one = Selector::new("a").unwrap();
        let wanted: Vec<_> = (0..9).map(|n| (one.clone(), format!("h{n}"))).collect();
        assert!(texts(&claims, &wanted[..8], COMMA).is_ok());
        assert_eq!(texts(&claims, &wanted, COMMA), Err(Reason::TokenClaimValue));
    }
}
