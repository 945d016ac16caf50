//! A validator for what our schemas and HAR's use of JSON Schema. A keyword that it does not know fails: nothing is passed
//! over unseen. (The crate `jsonschema` would bring sixty others for these fifteen keywords.)

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use serde_json::Value;
use url::Url;

/// The schemas of a folder, which refer to each other by their file names.
pub struct Schemas(HashMap<String, Value>);

impl Schemas {
    /// Those of a folder of the package.
    pub fn of(folder: &str) -> Schemas {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let schemas = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let read = |path: &Path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        Schemas(schemas.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path))).collect())
    }

    pub fn get(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// Fails unless `value` is as the schema `name` says.
    #[track_caller]
    pub fn check(&self, name: &str, value: &Value) {
        if let Err(why) = self.validate(name, &self.0[name], value, "") {
            panic!("{name}: {why}\n{value}");
        }
    }

    /// Whether it is.
    pub fn accepts(&self, name: &str, value: &Value) -> bool {
        self.validate(name, &self.0[name], value, "").is_ok()
    }

    fn validate(&self, file: &str, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => return Err(format!("{at} must not be there")),
            schema => schema.as_object().unwrap(),
        };
        for (keyword, says) in schema {
            let fails = |why: &str| Err(format!("{at}: {keyword} {says}: {why}"));
            match keyword.as_str() {
                "$schema" | "$id" | "title" | "description" | "optional" | "$defs" => {}
                // HAR's are those of dates, which `format` judges more strictly.
                "pattern" if schema.get("format") == Some(&"date-time".into()) => {}
                "$ref" => {
                    let (file, schema) = self.find(file, says.as_str().unwrap());
                    self.validate(file, schema, value, at)?;
                }
                "type" => {
                    let names = says.as_array().map_or_else(|| vec![says], |names| names.iter().collect());
                    if !names.iter().any(|name| is_of(name.as_str().unwrap(), value)) {
                        return fails(&value.to_string());
                    }
                }
                "enum" if !says.as_array().unwrap().contains(value) => return fails(&value.to_string()),
                "const" if says != value => return fails(&value.to_string()),
                "enum" | "const" => {}
                "minimum" | "min" if value.as_f64().is_some_and(|number| number < says.as_f64().unwrap()) => {
                    return fails(&value.to_string());
                }
                "maximum" if value.as_f64().is_some_and(|number| number > says.as_f64().unwrap()) => {
                    return fails(&value.to_string());
                }
                "minimum" | "min" | "maximum" => {}
                "required" => {
                    let Some(object) = value.as_object() else { continue };
                    let names = says.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                    if let Some(missing) = names.into_iter().find(|name| !object.contains_key(*name)) {
                        return fails(&format!("{missing} is missing"));
                    }
                }
                "properties" => {
                    for (name, schema) in says.as_object().unwrap() {
                        if let Some(member) = value.get(name) {
                            self.validate(file, schema, member, &format!("{at}/{name}"))?;
                        }
                    }
                }
                "additionalProperties" => {
                    let named = schema.get("properties").and_then(Value::as_object);
                    for (name, member) in value.as_object().into_iter().flatten() {
                        if !named.is_some_and(|named| named.contains_key(name)) {
                            self.validate(file, says, member, &format!("{at}/{name}"))?;
                        }
                    }
                }
                "items" => {
                    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.validate(file, says, item, &format!("{at}/{place}"))?;
                    }
                }
                "minItems" if value.as_array().is_some_and(|items| (items.len() as u64) < says.as_u64().unwrap()) => {
                    return fails("too few");
                }
                "minItems" => {}
                "oneOf" | "anyOf" => {
                    let fits = |schema: &&Value| self.validate(file, schema, value, at).is_ok();
                    let fitting = says.as_array().unwrap().iter().filter(fits).count();
                    if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                        return fails(&value.to_string());
                    }
                }
                "format" => {
                    if value.as_str().is_some_and(|text| !has_format(says.as_str().unwrap(), text)) {
                        return fails(&value.to_string());
                    }
                }
                _ => panic!("the schema {file} uses {keyword}, which this validator does not know"),
            }
        }
        Ok(())
    }

    /// `entry.json#`, `#/$defs/hop`
    fn find<'a>(&'a self, file: &'a str, reference: &'a str) -> (&'a str, &'a Value) {
        let (name, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let name = if name.is_empty() { file } else { name };
        (name, self.0[name].pointer(pointer).unwrap_or_else(|| panic!("{reference} in {file}")))
    }
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("no type {name}"),
    }
}

fn has_format(name: &str, text: &str) -> bool {
    match name {
        "date-time" => humantime::parse_rfc3339(text).is_ok(),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "uri" => Url::parse(text).is_ok(),
        _ => panic!("no format {name}"),
    }
}

#[test]
fn the_validator_refuses_what_is_wrong() {
    let mut schemas = Schemas(HashMap::new());
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {
            "a": {"type": ["integer", "null"], "minimum": 0, "maximum": 5},
            "b": {"enum": ["x", "y"]},
            "c": {"type": "array", "items": {"$ref": "#/$defs/date"}, "minItems": 1},
            "d": {"oneOf": [{"format": "ipv4", "type": "string"}, {"format": "ipv6", "type": "string"}]},
        },
        "$defs": {"date": {"type": "string", "format": "date-time"}},
    });
    schemas.0.insert("s".into(), schema);
    for good in [r#"{"a":0}"#, r#"{"a":null,"b":"x","c":["2026-11-20T22:45:01Z"],"d":"::1"}"#] {
        schemas.check("s", &serde_json::from_str(good).unwrap());
    }
    for bad in [
        "[]",
        "{}",
        r#"{"a":-1}"#,
        r#"{"a":6}"#,
        r#"{"a":"0"}"#,
        r#"{"a":0,"b":"z"}"#,
        r#"{"a":0,"c":[]}"#,
        r#"{"a":0,"c":["yesterday"]}"#,
        r#"{"a":0,"d":"here"}"#,
        r#"{"a":0,"e":1}"#,
        r#"{"a":0.5}"#,
    ] {
        assert!(!schemas.accepts("s", &serde_json::from_str(bad).unwrap()), "{bad}");
    }
}
