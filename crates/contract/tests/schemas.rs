//! Each keyword at its edge, and what does not compile.

use sealgate_contract::{Contract, Rule};
use serde_json::{Value, json};

fn document(schema: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": { "/": { "post": { "requestBody": {
            "content": { "application/json": { "schema": schema } }
        } } } },
        "components": { "schemas": {
            "node": {
                "type": "object",
                "properties": { "next": { "$ref": "#/components/schemas/node" }, "v": {} }
            },
            "base": { "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] },
        } },
    })
}

fn broken(schema: &Value, body: &Value) -> Option<Rule> {
    let contract =
        Contract::compile(&document(schema)).unwrap_or_else(|f| panic!("{schema}: {f:?}"));
    let operation = contract.operation("POST", "/").expect("listed");
    let checked = operation.check("application/json", body.to_string().as_bytes());
    checked.err().map(|violation| violation.rule)
}

/// A schema, bodies it allows, and bodies it does not with the rule they break.
type Case<'c> = (Value, &'c [Value], &'c [(Value, Rule)]);

#[test]
fn each_keyword_holds_and_breaks() {
    use Rule as R;
    let cases: &[Case<'_>] = &[
        (json!(true), &[json!(1), json!({"a": 1})], &[]),
        (json!(false), &[], &[(json!(1), R::Never)]),
        (
            json!({"type": "integer"}),
            &[json!(1), json!(1.0), json!(-3)],
            &[(json!(1.5), R::Type), (json!("1"), R::Type)],
        ),
        (
            json!({"type": ["string", "null"]}),
            &[json!("a"), json!(null)],
            &[(json!(1), R::Type)],
        ),
        (
            json!({"type": "string", "nullable": true}),
            &[json!(null)],
            &[(json!(true), R::Type)],
        ),
        (
            json!({"const": {"a": 1}}),
            &[json!({"a": 1.0})],
            &[(json!({"a": 2}), R::Const)],
        ),
        (
            json!({"enum": ["a", 1]}),
            &[json!("a"), json!(1)],
            &[(json!("b"), R::Enum)],
        ),
        (
            json!({"minimum": 1, "exclusiveMaximum": 3}),
            &[json!(1), json!(2.9), json!("x")],
            &[(json!(0.9), R::Range), (json!(3), R::Range)],
        ),
        (
            json!({"exclusiveMinimum": 1, "maximum": 3}),
            &[json!(3)],
            &[(json!(1), R::Range), (json!(4), R::Range)],
        ),
        (
            json!({"multipleOf": 0.1}),
            &[json!(0.3), json!(7)],
            &[(json!(0.35), R::MultipleOf)],
        ),
        (
            json!({"minLength": 2, "maxLength": 3}),
            &[json!("\u{1f600}\u{1f600}"), json!("abc"), json!(1)],
            &[(json!("a"), R::Length), (json!("abcd"), R::Length)],
        ),
        (
            json!({"pattern": "^[A-Z]{2}\\d+$"}),
            &[json!("DE02")],
            &[(json!("DE"), R::Pattern), (json!("xDE02"), R::Pattern)],
        ),
        (
            json!({"format": "uuid"}),
            &[json!("3f2504e0-4f89-11d3-9a0c-0305e82c3301"), json!(1)],
            &[(json!("x"), R::Format)],
        ),
        (
            json!({"format": "int32"}),
            &[json!(5)],
            &[(json!(5_000_000_000_i64), R::Format)],
        ),
        (
            json!({"minItems": 1, "maxItems": 2}),
            &[json!([1])],
            &[(json!([]), R::Items), (json!([1, 2, 3]), R::Items)],
        ),
        (
            json!({"uniqueItems": true}),
            &[json!([1, "1"])],
            &[(json!([1, 2, 1.0]), R::UniqueItems)],
        ),
        (
            json!({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}),
            &[json!(["a", 1]), json!([])],
            &[(json!([1]), R::Type), (json!(["a", "b"]), R::Type)],
        ),
        (
            json!({"contains": {"const": 1}, "maxContains": 2}),
            &[json!([1, 2]), json!([1, 1])],
            &[(json!([2]), R::Contains), (json!([1, 1, 1]), R::Contains)],
        ),
        (
            json!({"properties": {"a": {"type": "integer"}}, "required": ["a"]}),
            &[json!({"a": 1})],
            &[
                (json!({}), R::Required),
                (json!({"a": "x"}), R::Type),
                (json!({"a": 1, "b": 2}), R::UnknownMember),
            ],
        ),
        (
            json!({"properties": {"a": {}}, "additionalProperties": true}),
            &[json!({"a": 1, "b": 2})],
            &[],
        ),
        (
            json!({"additionalProperties": {"type": "string"}}),
            &[json!({"x": "y"})],
            &[(json!({"x": 1}), R::Type)],
        ),
        (
            json!({"additionalProperties": false}),
            &[json!({})],
            &[(json!({"a": 1}), R::UnknownMember)],
        ),
        (
            json!({"type": "object"}),
            &[json!({"free": {"form": 1}})],
            &[],
        ),
        (
            json!({"patternProperties": {"^x-": {"type": "string"}}}),
            &[json!({"x-a": "b"})],
            &[
                (json!({"x-a": 1}), R::Type),
                (json!({"y": 1}), R::UnknownMember),
            ],
        ),
        (
            json!({"propertyNames": {"maxLength": 2}}),
            &[json!({"ab": 1})],
            &[(json!({"abc": 1}), R::PropertyNames)],
        ),
        (
            json!({"minProperties": 1, "maxProperties": 1}),
            &[json!({"a": 1})],
            &[
                (json!({}), R::Properties),
                (json!({"a": 1, "b": 1}), R::Properties),
            ],
        ),
        (
            json!({"dependentRequired": {"a": ["b"]}}),
            &[json!({"b": 1}), json!({"a": 1, "b": 1})],
            &[(json!({"a": 1}), R::Required)],
        ),
        (
            json!({"allOf": [{"$ref": "#/components/schemas/base"}, {"properties": {"name": {"type": "string"}}}]}),
            &[json!({"id": 1, "name": "x"})],
            &[
                (json!({"name": "x"}), R::Required),
                (json!({"id": 1, "admin": true}), R::UnknownMember),
            ],
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"properties": {"a": {}}, "required": ["a"], "type": "object"}]}),
            &[json!("x"), json!({"a": 1})],
            &[
                (json!(1), R::AnyOf),
                (json!({"a": 1, "z": 1}), R::UnknownMember),
            ],
        ),
        (
            json!({"oneOf": [{"type": "integer"}, {"minimum": 5}]}),
            &[json!(1), json!(5.5)],
            &[(json!(6), R::OneOf), (json!(1.5), R::OneOf)],
        ),
        (
            json!({"not": {"type": "string"}}),
            &[json!(1)],
            &[(json!("a"), R::Not)],
        ),
        (
            json!({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}, "additionalProperties": true}),
            &[json!({"a": 1, "b": 1}), json!({"c": 1})],
            &[
                (json!({"a": 1}), R::Required),
                (json!({"b": 1}), R::Required),
            ],
        ),
        (
            json!({"properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}], "unevaluatedProperties": {"type": "integer"}}),
            &[json!({"a": "x", "b": "y", "c": 1})],
            &[(json!({"c": "z"}), R::Type)],
        ),
        (
            json!({"$ref": "#/components/schemas/node"}),
            &[json!({"next": {"next": {"v": 1}}})],
            &[(json!({"next": {"next": {"w": 1}}}), R::UnknownMember)],
        ),
    ];
    for (schema, good, bad) in cases {
        for body in *good {
            assert_eq!(broken(schema, body), None, "{schema} {body}");
        }
        for (body, rule) in *bad {
            assert_eq!(broken(schema, body), Some(*rule), "{schema} {body}");
        }
    }
}

#[test]
fn a_violation_names_the_place_and_not_the_value() {
    let schema =
        json!({"properties": {"a": {"items": {"properties": {"b/c": {"type": "integer"}}}}}});
    let contract = Contract::compile(&document(&schema)).unwrap();
    let operation = contract.operation("POST", "/").unwrap();
    let check = |body: &str| {
        operation
            .check("application/json", body.as_bytes())
            .unwrap_err()
    };
    assert_eq!(
        check(r#"{"a":[{},{"b/c":"' or 1=1"}]}"#).to_string(),
        "type at json:/a/1/b~1c"
    );
    assert_eq!(
        check(r#"{"a":[{"' or 1=1":1}]}"#).to_string(),
        "unknown-member at json:/a/0"
    );
}

#[test]
fn what_would_not_be_enforced_does_not_compile() {
    for (schema, pointer) in [
        (json!({"minLenght": 1}), "minLenght"),
        (json!({"type": "text"}), "type"),
        (json!({"format": "colour"}), "format"),
        (json!({"pattern": "(?<=a)b"}), "pattern"),
        (json!({"pattern": "("}), "pattern"),
        (json!({"multipleOf": 0}), "multipleOf"),
        (json!({"maxLength": -1}), "maxLength"),
        (json!({"exclusiveMinimum": true}), "exclusiveMinimum"),
        (json!({"$dynamicRef": "#a"}), "$dynamicRef"),
        (json!({"$ref": "other.json#/a"}), "$ref"),
        (json!({"$ref": "#/components/schemas/nobody"}), "nobody"),
        (json!({"allOf": []}), "allOf"),
        (json!({"items": 1}), "items"),
        (
            json!({"allOf": [{"$ref": "#/paths/~1/post/requestBody/content/application~1json/schema"}]}),
            "schema",
        ),
    ] {
        let faults = Contract::compile(&document(&schema)).expect_err(&schema.to_string());
        let named = faults.iter().any(|fault| fault.pointer.contains(pointer));
        assert!(named, "{schema}: {faults:?}");
    }
}

#[test]
fn operations_are_found_by_method_and_path() {
    let body = json!({ "content": { "application/json": {}, "text/*": {} }, "required": true });
    let contract = Contract::compile(&json!({
        "openapi": "3.1.0",
        "servers": [{ "url": "https://a.test/v1/" }, { "url": "/v2" }],
        "paths": {
            "/orders": { "get": {}, "post": { "requestBody": { "$ref": "#/components/requestBodies/any" } } },
            "/orders/{id}": { "put": { "requestBody": body } },
            "/orders/latest": { "put": {} },
            "/files/{name}.json": { "delete": {} },
        },
        "components": { "requestBodies": { "any": body } },
    }))
    .unwrap();
    assert_eq!(contract.len(), 5);
    for (method, path, listed) in [
        ("GET", "/v1/orders", true),
        ("GET", "/v2/orders", true),
        ("GET", "/orders", false),
        ("GET", "/v1/orders/", false),
        ("DELETE", "/v1/orders", false),
        ("PUT", "/v1/orders/7", true),
        ("PUT", "/v1/orders/", false),
        ("PUT", "/v1/orders/7/8", false),
        ("DELETE", "/v1/files/a.json", true),
        ("DELETE", "/v1/files/.json", false),
        ("get", "/v1/orders", false),
    ] {
        assert_eq!(
            contract.operation(method, path).is_some(),
            listed,
            "{method} {path}"
        );
    }
    let rule = |path: &str, kind: &str, body: &str| {
        let operation = contract.operation("PUT", path).expect("listed");
        operation
            .check(kind, body.as_bytes())
            .err()
            .map(|violation| violation.rule)
    };
    assert_eq!(
        rule("/v1/orders/latest", "application/json", "{}"),
        Some(Rule::BodyNotExpected)
    );
    assert_eq!(rule("/v1/orders/7", "application/json", "{}"), None);
    assert_eq!(rule("/v1/orders/7", "Text/Plain; charset=utf-8", "a"), None);
    assert_eq!(
        rule("/v1/orders/7", "application/xml", "<a/>"),
        Some(Rule::MediaType)
    );
    assert_eq!(rule("/v1/orders/7", "", "{}"), Some(Rule::MediaType));
    assert_eq!(
        rule("/v1/orders/7", "application/json", ""),
        Some(Rule::BodyMissing)
    );
}

#[test]
fn alternatives_that_branch_in_each_other_end_at_the_budget() {
    let mut schemas = serde_json::Map::new();
    for level in 0..40 {
        let next = json!({ "$ref": format!("#/components/schemas/s{}", level + 1) });
        let branch = json!({ "properties": { "a": next } });
        schemas.insert(
            format!("s{level}"),
            json!({ "oneOf": [branch, branch, branch] }),
        );
    }
    schemas.insert("s40".into(), json!({}));
    let contract = Contract::compile(&json!({
        "openapi": "3.1.0",
        "paths": { "/": { "post": { "requestBody": { "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/s0" } } } } } } },
        "components": { "schemas": schemas },
    }))
    .unwrap();
    let body = "{\"a\":".repeat(40) + "1" + &"}".repeat(40);
    let checked = contract
        .operation("POST", "/")
        .unwrap()
        .check("application/json", body.as_bytes());
    assert_eq!(checked.unwrap_err().rule, Rule::Budget);
}

#[test]
fn malformed_and_deep_bodies_are_no_bodies() {
    let contract = Contract::compile(&document(&json!({}))).unwrap();
    let operation = contract.operation("POST", "/").unwrap();
    for body in ["{", "{} {}", &"[".repeat(100_000)] {
        let violation = operation
            .check("application/json", body.as_bytes())
            .unwrap_err();
        assert_eq!(violation.rule, Rule::NotJson);
    }
}
