use serde_json::json;

use super::*;

fn said(schema: &Value, settings: &Value) -> Vec<String> {
    let offer = SettingsOffer::of(schema);
    assert_eq!(offer.unusable(), None);
    let problems = offer.problems(settings.as_object().unwrap());
    problems.iter().map(ToString::to_string).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row a line of a table")]
fn a_value_is_told_what_it_has_to_be_and_is_not_repeated() {
    let hidden = "sk-this-is-a-secret";
    for (member, value, expected) in [
        (
            json!({"type": "string"}),
            json!(7),
            "must be a text in quotes, but is a number; write a text in quotes",
        ),
        (
            json!({"type": "integer"}),
            json!(hidden),
            "must be a whole number, but is a text; write a whole number",
        ),
        (
            json!({"type": ["boolean", "string"]}),
            json!([]),
            "must be true or false, or a text in quotes, but is a list; write true or false, or a text in quotes",
        ),
        (
            json!({"type": "boolean"}),
            json!(null),
            "must be true or false, but is nothing; write true or false",
        ),
        (json!({"type": "array"}), json!({}), "must be a list, but is a table; write a list"),
        (
            json!({"enum": ["level", "boolean"]}),
            json!("levle"),
            "has none of its values; did you mean \"level\"?",
        ),
        (
            json!({"enum": ["level", "boolean"]}),
            json!(hidden),
            "has none of its values; use one of: level, boolean",
        ),
        (json!({"enum": [1, "a"]}), json!(hidden), "has none of its values; use one of: 1, \"a\""),
        (json!({"const": 1}), json!(hidden), "does not have its only value; write 1"),
        (json!({"pattern": "^/"}), json!(hidden), "does not have the form it must have; match ^/"),
        (json!({"minimum": 1}), json!(0), "is too small; use 1 or more"),
        (json!({"maximum": 1}), json!(2), "is too large; use 1 or less"),
        (json!({"exclusiveMinimum": 0}), json!(0), "is too small; use more than 0"),
        (json!({"exclusiveMaximum": 0}), json!(0), "is too large; use less than 0"),
        (json!({"minLength": 1}), json!(""), "is too short; use at least 1 characters"),
        (json!({"maxLength": 2}), json!(hidden), "is too long; use at most 2 characters"),
        (json!({"minItems": 1}), json!([]), "has too few entries; use at least 1 entries"),
        (json!({"maxItems": 0}), json!([hidden]), "has too many entries; use at most 0 entries"),
        (
            json!({"uniqueItems": true}),
            json!([hidden, hidden]),
            "has an entry twice; write each entry once",
        ),
        (
            json!({"propertyNames": {"pattern": "^a"}}),
            json!({"b": hidden}),
            "has a member with a name that it cannot have; names: match ^a",
        ),
        (
            json!({"anyOf": [{"type": "null"}]}),
            json!(hidden),
            "is not what the plugin's schema asks for; see \"anyOf\" in its schema",
        ),
        (json!(false), json!(hidden), "must not be there; remove it"),
    ] {
        let schema = json!({"properties": {"member": member}});
        let problems = said(&schema, &json!({"member": value}));
        assert_eq!(problems, [format!("settings.member: {expected}")]);
    }
}

#[test]
fn the_path_leads_into_lists_and_tables() {
    let schema = json!({"properties": {
        "list": {"items": {"type": "string"}},
        "table": {"additionalProperties": {"type": "string"}},
        "closed": {
            "required": ["identifier", "version"],
            "properties": {"identifier": {}, "version": {}},
            "additionalProperties": false
        }
    }});
    let settings = json!({
        "list": ["a", 1],
        "table": {"x y": 1},
        "closed": {"identifier": 1, "versoin": 2}
    });
    let mut problems = said(&schema, &settings);
    problems.sort();
    assert_eq!(
        problems,
        [
            "settings.closed.versoin: unknown setting; did you mean \"version\"?",
            "settings.closed: setting \"version\" is missing, which a plugin needs; add version to closed",
            "settings.list[1]: must be a text in quotes, but is a number; write a text in quotes",
            "settings.table.\"x y\": must be a text in quotes, but is a number; write a text in quotes",
        ]
    );
}

#[test]
fn members_of_other_readers_are_left_to_them() {
    let schema = json!({"properties": {"mine": {"type": "string"}}, "additionalProperties": false,
        "maxProperties": 1});
    assert!(said(&schema, &json!({"mine": "a", "theirs": 1})).is_empty());
    let open = json!({"properties": {}, "additionalProperties": true, "maxProperties": 0});
    assert_eq!(said(&open, &json!({"any": 1})).len(), 1);
}

#[test]
fn a_missing_member_is_left_to_the_list_of_required_ones_unless_it_depends() {
    let schema = json!({
        "properties": {"credential": {}, "project": {}, "always": {}},
        "required": ["always"],
        "if": {"required": ["credential"]}, "then": {"required": ["project"]}
    });
    assert!(said(&schema, &json!({})).is_empty());
    assert_eq!(
        said(&schema, &json!({"credential": 1, "always": 1})),
        ["settings: setting \"project\" is missing, which a plugin needs; add project to settings"]
    );
}

#[test]
fn a_schema_that_cannot_be_used_says_why() {
    for (schema, reason) in [
        (json!({"type": "text"}), "at /type"),
        (json!({"properties": {"a": {"pattern": "("}}}), "at /properties/a/pattern"),
        (json!({"properties": {"a": {"pattern": "(?=a)"}}}), "at /properties/a/pattern"),
        (json!({"properties": {"a": {"$ref": "https://a.test/schema"}}}), "https://a.test/schema"),
        (json!({"properties": {"a": {"$ref": "file:///etc/hostname"}}}), "file:///etc/hostname"),
        (json!({"$schema": "https://a.test/other"}), "https://a.test/other"),
    ] {
        let offer = SettingsOffer::of(&schema);
        let said = offer.unusable().unwrap();
        assert!(said.contains(reason) && said.chars().count() <= MAX_REASON_CHARS, "{said}");
        assert!(offer.problems(&Map::new()).is_empty());
    }
    assert_eq!(SettingsOffer::default().unusable(), None);
}
