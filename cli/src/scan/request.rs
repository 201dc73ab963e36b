//! A recorded request, from the shapes that recorders write.

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use serde_json::Value;

/// One request, as far as the scanner reads it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query; scheme, authority and fragment are cut off.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads a line of `--requests`.
    ///
    /// # Errors
    /// What is wrong with the line, without anything out of it.
    pub(crate) fn from_line(line: Value) -> Result<Self, String> {
        let Value::Object(mut members) = line else {
            return Err("is not a JSON object".into());
        };
        let body = match (members.remove("body"), members.remove("body_base64")) {
            (None | Some(Value::Null), None | Some(Value::Null)) => Vec::new(),
            (None | Some(Value::Null), Some(Value::String(text))) => base64(&text)?,
            (Some(Value::String(text)), None | Some(Value::Null)) => {
                match members.get("body_encoding").and_then(Value::as_str) {
                    None | Some("" | "text" | "utf-8" | "utf8") => text.into_bytes(),
                    Some("base64") => base64(&text)?,
                    Some(_) => return Err("has a `body_encoding` other than base64".into()),
                }
            }
            (Some(document), None | Some(Value::Null)) => document.to_string().into_bytes(),
            (_, Some(_)) => return Err("has a `body_base64` that is no text, or two bodies".into()),
        };
        let headers = match members.remove("headers") {
            None | Some(Value::Null) => Vec::new(),
            Some(headers) => lines_of(&headers).ok_or("has `headers` of no known shape")?,
        };
        let mut text = |names: &[&str]| {
            names.iter().find_map(|name| match members.remove(*name) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            })
        };
        let target = text(&["target", "url", "path", "uri"]);
        let target = target.ok_or("has no `target`")?;
        let method = text(&["method"]).unwrap_or_else(|| default_method(&body));
        Ok(Self {
            method: method.to_ascii_uppercase(),
            target: origin_form(&target),
            headers,
            body,
        })
    }

    /// Reads an entry of an HTTP Archive.
    ///
    /// # Errors
    /// What is wrong with the entry.
    pub(crate) fn from_archive(entry: &Value) -> Result<Self, String> {
        let request = entry.get("request").ok_or("has no `request`")?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let url = text(request.get("url")).ok_or("has no `request.url`")?;
        let mut headers = match request.get("headers") {
            None | Some(Value::Null) => Vec::new(),
            Some(headers) => lines_of(headers).ok_or("has `headers` of no known shape")?,
        };
        let posted = request.get("postData");
        let body = match posted {
            None | Some(Value::Null) => Vec::new(),
            Some(posted) => posted_body(posted)?,
        };
        let typed = headers.iter().any(|(name, _)| name == "content-type");
        if let Some(kind) = text(posted.and_then(|posted| posted.get("mimeType")))
            && !typed
        {
            headers.push(("content-type".to_owned(), kind));
        }
        Ok(Self {
            method: text(request.get("method")).unwrap_or_else(|| default_method(&body)),
            target: origin_form(&url),
            headers,
            body,
        })
    }

    /// The values of a header, in order.
    pub(crate) fn values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> {
        self.headers
            .iter()
            .filter(move |(line, _)| line == name)
            .map(|(_, value)| value.as_str())
    }

    /// Bytes of target and body.
    pub(crate) fn bytes(&self) -> usize {
        self.target.len().saturating_add(self.body.len())
    }

    /// Path, and query if there is a question mark.
    pub(crate) fn path_and_query(&self) -> (&str, Option<&str>) {
        match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&self.target, None),
        }
    }
}

/// The text of a form's body as a recorder keeps it: whole, or its parameters.
fn posted_body(posted: &Value) -> Result<Vec<u8>, String> {
    let encoded = posted.get("encoding").and_then(Value::as_str) == Some("base64");
    match posted.get("text").and_then(Value::as_str) {
        Some(text) if encoded => return base64(text),
        Some(text) if !text.is_empty() => return Ok(text.as_bytes().to_vec()),
        _ => {}
    }
    let mut body = String::new();
    for parameter in posted
        .get("params")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |name: &str| parameter.get(name).and_then(Value::as_str);
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(text("name").unwrap_or_default());
        body.push('=');
        body.push_str(text("value").or(text("fileName")).unwrap_or_default());
    }
    Ok(body.into_bytes())
}

/// Header lines from an object, a list of pairs, or a list of `{"name", "value"}`.
fn lines_of(headers: &Value) -> Option<Vec<(String, String)>> {
    let mut lines = Vec::new();
    match headers {
        Value::Object(members) => {
            for (name, value) in members {
                line_of(&mut lines, name, value)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Array(pair) => match pair.as_slice() {
                        [Value::String(name), value] => line_of(&mut lines, name, value)?,
                        _ => return None,
                    },
                    Value::Object(members) => {
                        let name = members.get("name")?.as_str()?;
                        line_of(
                            &mut lines,
                            name,
                            members.get("value").unwrap_or(&Value::Null),
                        )?;
                    }
                    Value::String(line) => {
                        let (name, value) = line.split_once(':')?;
                        line_of(&mut lines, name, &Value::from(value.trim()))?;
                    }
                    _ => return None,
                }
            }
        }
        _ => return None,
    }
    Some(lines)
}

fn line_of(lines: &mut Vec<(String, String)>, name: &str, value: &Value) -> Option<()> {
    let name = name.trim().to_ascii_lowercase();
    match value {
        Value::String(text) => lines.push((name, text.clone())),
        Value::Null => lines.push((name, String::new())),
        Value::Number(_) | Value::Bool(_) => lines.push((name, value.to_string())),
        Value::Array(values) => {
            for value in values {
                lines.push((name.clone(), value.as_str()?.to_owned()));
            }
        }
        Value::Object(_) => return None,
    }
    Some(())
}

fn default_method(body: &[u8]) -> String {
    if body.is_empty() { "GET" } else { "POST" }.to_owned()
}

/// `/path?query` of a target that may be a whole URL; what is no URL is left alone.
fn origin_form(target: &str) -> String {
    let target = target.split_once('#').map_or(target, |(before, _)| before);
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let after_scheme = ["https://", "http://", "wss://", "ws://"]
        .iter()
        .find(|scheme| lower.starts_with(*scheme))
        .and_then(|scheme| target.get(scheme.len()..));
    let Some(rest) = after_scheme else {
        return target.to_owned();
    };
    match rest.find(['/', '?']) {
        Some(at) => {
            let (_, tail) = rest.split_at(at);
            if tail.starts_with('/') {
                tail.to_owned()
            } else {
                format!("/{tail}")
            }
        }
        None => "/".to_owned(),
    }
}

/// Base64 of either alphabet, with or without padding and line ends.
fn base64(text: &str) -> Result<Vec<u8>, String> {
    let text: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && *c != '=')
        .collect();
    Base64Unpadded::decode_vec(&text)
        .or_else(|_| Base64UrlUnpadded::decode_vec(&text))
        .or_else(|_| Base64::decode_vec(&text))
        .map_err(|_| "has a body that is no base64".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(lines: &[(&str, &str)]) -> Vec<(String, String)> {
        lines
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn headers_come_in_every_shape_that_recorders_write() {
        let expected = lines(&[("a", "1"), ("b", "2")]);
        for headers in [
            json!({"A": "1", "b": "2"}),
            json!([["A", "1"], ["B", "2"]]),
            json!([{"name": "A", "value": "1"}, {"name": "b", "value": "2"}]),
            json!(["a: 1", "b:2"]),
            json!({"a": ["1"], "b": 2}),
        ] {
            let request = Request::from_line(json!({"target": "/", "headers": headers}));
            assert_eq!(request.expect("read").headers, expected, "{headers}");
        }
        for headers in [json!("a: 1"), json!([["a"]]), json!([1]), json!({"a": {}})] {
            let request = Request::from_line(json!({"target": "/", "headers": headers}));
            assert!(request.is_err(), "{headers}");
        }
    }

    #[test]
    fn bodies_come_as_text_base64_or_json() {
        for (line, body) in [
            (json!({"target": "/", "body": "a'b"}), "a'b"),
            (json!({"target": "/", "body_base64": "YSdi"}), "a'b"),
            (json!({"target": "/", "body_base64": "YQ"}), "a"),
            (json!({"target": "/", "body_base64": "YQ=="}), "a"),
            (
                json!({"target": "/", "body": "YQ==", "body_encoding": "base64"}),
                "a",
            ),
            (json!({"target": "/", "body": {"a": 1}}), "{\"a\":1}"),
            (json!({"target": "/", "body": null}), ""),
        ] {
            let request = Request::from_line(line.clone()).expect("read");
            assert_eq!(request.body, body.as_bytes(), "{line}");
            let method = if body.is_empty() { "GET" } else { "POST" };
            assert_eq!(request.method, method, "{line}");
        }
        for line in [
            json!([]),
            json!({}),
            json!({"target": "/", "body_base64": "*"}),
            json!({"target": "/", "body_base64": 1}),
            json!({"target": "/", "body": "a", "body_base64": "YQ"}),
            json!({"target": "/", "body": "a", "body_encoding": "gzip"}),
        ] {
            assert!(Request::from_line(line.clone()).is_err(), "{line}");
        }
    }

    #[test]
    fn a_url_is_cut_to_its_target() {
        for (url, target) in [
            ("https://a.test/b?c=d#e", "/b?c=d"),
            ("HTTP://a.test", "/"),
            ("https://a.test?x=1", "/?x=1"),
            ("/a?b=https://c.test/", "/a?b=https://c.test/"),
            ("*", "*"),
        ] {
            assert_eq!(origin_form(url), target, "{url}");
        }
    }

    #[test]
    fn an_archive_entry_is_read_with_its_posted_parameters() {
        let entry = json!({"request": {
            "method": "POST", "url": "https://a.test/b",
            "headers": [{"name": "Accept", "value": "*/*"}],
            "postData": {
                "mimeType": "application/x-www-form-urlencoded",
                "params": [{"name": "a", "value": "1"}, {"name": "f", "fileName": "x.txt"}],
            },
        }});
        let request = Request::from_archive(&entry).expect("read");
        assert_eq!(request.body, b"a=1&f=x.txt");
        assert_eq!(request.target, "/b");
        let kinds: Vec<&str> = request.values("content-type").collect();
        assert_eq!(kinds, ["application/x-www-form-urlencoded"]);
        assert!(Request::from_archive(&json!({})).is_err());
    }
}
