use serde_json::json;

use super::*;

fn problems_of(value: &Value, read: impl FnOnce(&mut Fields<'_, '_>)) -> Vec<String> {
    let mut problems = Problems::default();
    let mut fields = Fields::root(value.as_object().unwrap(), &mut problems);
    read(&mut fields);
    fields.finish();
    let problems = problems.into_vec();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_problem_is_found_in_one_reading() {
    let value = json!({"port": "x", "mode": "fats", "sizes": [1, "a"], "extra": 1});
    let problems = problems_of(&value, |fields| {
        assert_eq!(fields.member("name").required("add one").text(), None);
        assert_eq!(fields.member("port").integer(1..=9), None);
        assert_eq!(fields.member("mode").choice(&[("fast", 1), ("slow", 2)]), None);
        let sizes = fields.member("sizes").list(|element| element.text());
        assert_eq!(sizes, Some(vec!["a"]));
    });
    assert_eq!(
        problems,
        [
            "name: is missing; add one",
            "port: must be a whole number, but is a text; write a whole number",
            "mode: unknown value \"fats\"; did you mean \"fast\"?",
            "sizes[0]: must be a text in quotes, but is a number; write a text in quotes",
            "extra: unknown member \"extra\"; use one of: name, port, mode, sizes",
        ]
    );
}

#[test]
fn a_wrong_value_is_not_quoted_where_a_text_may_be_a_secret() {
    let value = json!({"key": ["sk-secret"], "flag": "sk-secret", "list": "sk-secret"});
    let problems = problems_of(&value, |fields| {
        assert_eq!(fields.member("key").text(), None);
        assert_eq!(fields.member("flag").boolean(), None);
        assert!(fields.member("list").list(|element| element.text()).is_none());
    });
    assert_eq!(problems.len(), 3);
    assert!(problems.iter().all(|text| !text.contains("sk-secret")));
}

#[test]
fn a_number_out_of_range_says_the_range() {
    for (value, expected) in [
        (json!({"n": 0}), "n: 0 is out of range; use a number from 1 to 9"),
        (json!({"n": -1}), "n: -1 is out of range; use a number from 1 to 9"),
        (json!({"n": 1.5}), "n: must be a whole number, but is a number; write a whole number"),
    ] {
        let problems = problems_of(&value, |fields| {
            assert_eq!(fields.member("n").integer(1..=9), None);
        });
        assert_eq!(problems, [expected]);
    }
}

#[test]
fn unknown_members_of_inner_tables_are_found_with_their_path() {
    let value = json!({"list": [{"name": "a"}, {"name": "b", "nmae": 1}]});
    let problems = problems_of(&value, |fields| {
        let read = |element: Element<'_, '_>| {
            element.table(|fields| {
                fields.member("name").text()?;
                Some(())
            })
        };
        assert_eq!(fields.member("list").list(read).map(|list| list.len()), Some(2));
    });
    assert_eq!(problems, ["list[1].nmae: unknown member \"nmae\"; did you mean \"name\"?"]);
}
