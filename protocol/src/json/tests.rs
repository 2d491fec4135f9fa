//! What is read of JSON, and what is refused.

use super::{Value, entries, fields, has_half_a_character, items, last_fields, optional, required};
use crate::error::DecodeError;

#[test]
fn a_field_is_found_by_its_name_however_that_is_spelt_and_stands_there_once() {
    let text = r#"{"b":[1, {"a":2}],"\u0061":null,"c":7}"#;
    let [a, b, d] = fields(text, ["a", "b", "d"]).unwrap();
    assert_eq!(b.unwrap().get(), r#"[1, {"a":2}]"#);
    assert_eq!(optional::<u64>(a, "a", "a number"), Ok(None), "null is absent");
    assert_eq!(
        required::<u64>(d, "d", "a number"),
        Err(DecodeError::Missing { field: "d" })
    );
    let twice = r#"{"a":1,"b":2,"\u0061":3}"#;
    assert_eq!(fields(twice, ["a"]).unwrap_err(), DecodeError::NotAnObject);
    assert!(
        fields(twice, ["b"]).is_ok(),
        "what is not asked for may stand there twice"
    );
    let [a] = last_fields(twice, ["a"]).unwrap();
    assert_eq!(a.unwrap().get(), "3");
    assert_eq!(entries(twice).unwrap().len(), 3);
}

#[test]
fn what_is_no_object_and_what_is_no_json_are_two_things() {
    for text in [
        "[]", "[1,2]", "7", "-7", "0.5", "true", "null", r#""a""#, r#""\n""#,
    ] {
        assert_eq!(
            fields(text, ["a"]).unwrap_err(),
            DecodeError::NotAnObject,
            "{text}"
        );
        assert!(entries(text).is_none(), "{text}");
    }
    for text in [
        "",
        "{",
        "[1",
        "{}x",
        r#"{"a":1,}"#,
        r#"{"a"}"#,
        "01",
        "nul",
        r#"{"a":1 "b":2}"#,
    ] {
        let error = fields(text, ["a"]).unwrap_err();
        assert!(
            matches!(error, DecodeError::NotJson { line: 1, .. }),
            "{text}: {error:?}"
        );
        assert!(items(text).is_none(), "{text}");
    }
    assert_eq!(items("[1, {} ,[]]").unwrap().len(), 3);
    assert!(items("{}").is_none());
}

#[test]
fn a_value_is_read_to_its_end() {
    for (text, value) in [
        ("null", Value::Null),
        ("true", Value::Flag(true)),
        ("18446744073709551615", Value::Unsigned(u64::MAX)),
        ("-9223372036854775808", Value::Negative(i64::MIN)),
        ("1.0", Value::Double(1.0)),
        (r#""a\tb""#, Value::Text("a\tb".into())),
        (r#"[{"a":[1e300]}]"#, Value::Array),
        (r#"{"a":{"a":null},"a":1}"#, Value::Object),
    ] {
        assert_eq!(Value::read(text), Some(value), "{text}");
    }
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(Value::read(&deep(127)), Some(Value::Array));
    for text in [
        "",
        "1e999",
        r#"{"a":[1e999]}"#,
        r#"["\ud83d"]"#,
        r#"{"\ud83d":1}"#,
        "1 2",
        &deep(128),
    ] {
        assert_eq!(Value::read(text), None, "{text:.20}");
    }
}

#[test]
fn half_a_character_is_found_and_nothing_else_is_taken_for_one() {
    for half in [
        r#""\ud83d""#,
        r#""\udc00""#,
        r#""\ud83dx""#,
        r#""\ud83d x\ude00""#,
        r#""\ud83d\n""#,
        r#""\udc00\ud83d""#,
        r#""\ud83d\ud83d\ude00""#,
        r#"{"a":["\ud83d"]}"#,
    ] {
        assert!(has_half_a_character(half), "{half}");
    }
    for whole in [
        r#""\ud83d\ude00""#,
        r#""\\ud83d""#,
        r#""\\\\ud83d""#,
        r#""é \u0000 \n""#,
        "7",
        "",
        "\\u",
        "\\",
    ] {
        assert!(!has_half_a_character(whole), "{whole}");
    }
}
