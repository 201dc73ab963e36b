//! Tokens, bodies and signatures by npm packages, in one long-running `node` process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::Lock;
use crate::required;

/// A running maker; one question and one answer a line.
#[derive(Debug)]
pub struct Node {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Node {
    /// Starts `tests/makers/maker.mjs`. It ends when its input closes, so it cannot outlive the test.
    pub fn start() -> Self {
        let folder = required::repository().join("tests/makers");
        let mut child = Command::new(required::node())
            .arg("maker.mjs")
            .current_dir(folder)
            .env("SEALGATE_NODE_MODULES", required::node_modules())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        let input = child.stdin.take().expect("stdin");
        let output = BufReader::new(child.stdout.take().expect("stdout"));
        Self {
            child,
            input,
            output,
        }
    }

    /// Seals `plaintext` with `A256GCM`; members of `extra` are added to the protected header.
    pub fn seal(&mut self, lock: &Lock, plaintext: &[u8], extra: &Value) -> String {
        self.text(&json!({
            "do": "seal", "alg": lock.alg, "kid": lock.kid, "jwk": lock.jwk,
            "plaintext": super::base64url(plaintext), "extra": extra,
        }))
    }

    /// Signs claims with the private JWK.
    pub fn sign(&mut self, alg: &str, private_jwk: &Value, kid: &str, claims: &Value) -> String {
        self.text(&json!({
            "do": "sign", "alg": alg, "kid": kid, "jwk": private_jwk, "claims": claims,
        }))
    }

    /// `Signature-Input` and `Signature` by npm `http-message-signatures`.
    pub fn sign_request(&mut self, question: &Value) -> (String, String) {
        let mut question = question.clone();
        question["do"] = json!("sign-request");
        let answer = self.ask(&question);
        let text = |name: &str| answer[name].as_str().expect("a header").to_owned();
        (text("signature-input"), text("signature"))
    }

    fn text(&mut self, question: &Value) -> String {
        self.ask(question)["made"]
            .as_str()
            .expect("text")
            .to_owned()
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.input, "{question}").expect("node listens");
        self.input.flush().expect("node listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("node answers");
        let answer: Value = serde_json::from_str(&line).expect("node answers JSON");
        assert!(answer.get("error").is_none(), "node: {}", answer["error"]);
        answer
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
