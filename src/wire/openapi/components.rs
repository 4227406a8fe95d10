//! The named schemas of the API description.
//!
//! Generators name a type after its schema. An object or an enumeration without a name becomes a type named after the
//! place where it stands, one for each place, so nearly the same type comes out many times. Everything with members or
//! choices is therefore a component, and the rest of the description refers to it.

use serde_json::{Map, Value as Json, json};

#[derive(Default)]
pub struct Components(Map<String, Json>);

impl Components {
    /// Names a schema; the reference to it. A second schema of the same name must be the same.
    pub fn add(&mut self, name: &str, schema: Json) -> Json {
        self.0.insert(name.to_owned(), schema);
        reference(name)
    }

    /// The schema of the attribute `field` of the object `owner`, in which whatever needs a name has one. `suffix` ends
    /// the names of objects.
    ///
    /// This looks at the schema and not at the kind of the value, so a new kind needs nothing here.
    pub fn attribute(&mut self, owner: &str, field: &str, suffix: &str, mut schema: Json) -> Json {
        if let Some(items) = schema.get_mut("items") {
            *items = self.attribute(owner, field, suffix, items.take());
        }
        if schema.get("properties").is_some() {
            return self.nested(owner, field, suffix, schema);
        }
        match schema.get("enum").and_then(Json::as_array) {
            Some(choices) => {
                let choices: Vec<Json> = choices.iter().filter(|choice| !choice.is_null()).cloned().collect();
                let name = self.name_of_choices(owner, field, &choices);
                let named = self.add(&name, json!({"type": "string", "enum": choices}));
                instead_of(&schema, named)
            }
            None => schema,
        }
    }

    /// An object inside of an object. Where it has the same members everywhere, it has one name.
    fn nested(&mut self, owner: &str, field: &str, suffix: &str, mut schema: Json) -> Json {
        let simple = format!("{}{suffix}", title(field));
        let original = schema.clone();
        if let Some(members) = schema.get_mut("properties").and_then(Json::as_object_mut) {
            for (member, member_schema) in members {
                *member_schema = self.attribute(&simple, member, suffix, member_schema.take());
            }
        }
        let kept = |wanted: &str| schema.get(wanted).cloned();
        let mut object = json!({"type": "object", "properties": kept("properties")});
        for wanted in ["required", "additionalProperties"] {
            if let Some(value) = kept(wanted) {
                object[wanted] = value;
            }
        }
        let is_free = self.0.get(&simple).is_none_or(|known| *known == object);
        let name = if is_free { simple } else { format!("{owner}{simple}") };
        let named = self.add(&name, object);
        instead_of(&original, named)
    }

    /// The same choices of one object, or under the same field, have one name, after the first that has them.
    fn name_of_choices(&self, owner: &str, field: &str, choices: &[Json]) -> String {
        let ending = title(field);
        let has_choices =
            |schema: &Json| schema.get("enum").and_then(Json::as_array).is_some_and(|known| known == choices);
        let known = self
            .0
            .iter()
            .find(|(name, schema)| (name.ends_with(&ending) || name.starts_with(owner)) && has_choices(schema));
        known.map_or_else(|| format!("{owner}{ending}"), |(name, _)| name.clone())
    }

    pub fn into_json(self) -> Json {
        Json::Object(self.0)
    }
}

/// A named schema, with the description of the schema that it replaces, and null if that allows it.
fn instead_of(replaced: &Json, named: Json) -> Json {
    let is_nullable = replaced.get("type").and_then(Json::as_array).is_some_and(|types| types.contains(&json!("null")));
    let mut schema = if is_nullable { json!({"anyOf": [named, {"type": "null"}]}) } else { named };
    if let Some(description) = replaced.get("description") {
        schema["description"] = description.clone();
    }
    schema
}

/// A name of the wire as a name of a type: `ExternalReference` for `external_reference`.
pub fn title(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut word = word.to_owned();
        if let Some(first) = word.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        word
    };
    name.split('_').map(capitalised).collect()
}

pub fn reference(schema: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// The schema of an object with no other properties.
pub fn object(properties: impl Into<Json>, required: impl Into<Json>) -> Json {
    let (properties, required) = (properties.into(), required.into());
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_have_one_name_and_may_be_null_where_they_are_used() {
        let mut components = Components::default();
        let nullable = json!({"type": ["string", "null"], "enum": ["on", "off", null], "description": "Whether."});
        let first = components.attribute("Lamp", "state", "", nullable.clone());
        let named = json!({"$ref": "#/components/schemas/LampState"});
        assert_eq!(first, json!({"anyOf": [named, {"type": "null"}], "description": "Whether."}));
        let plain = json!({"type": "string", "enum": ["on", "off"]});
        assert_eq!(components.attribute("Heater", "state", "", plain), named);
        let other = components.attribute("Heater", "state", "", json!({"type": "string", "enum": ["warm"]}));
        assert_eq!(other, json!({"$ref": "#/components/schemas/HeaterState"}));
        let schemas = components.into_json();
        assert_eq!(schemas["LampState"], json!({"type": "string", "enum": ["on", "off"]}));
    }

    #[test]
    fn objects_inside_of_objects_have_names_down_to_their_choices() {
        let mut components = Components::default();
        let inner = json!({"type": "object", "properties": {"kind": {"type": "string", "enum": ["a"]}}});
        let list = json!({"type": "array", "items": inner});
        let named = components.attribute("Owner", "some_part", "Input", list);
        assert_eq!(named, json!({"type": "array", "items": {"$ref": "#/components/schemas/SomePartInput"}}));
        let other = json!({"type": "object", "properties": {"size": {"type": "integer"}}});
        let named = components.attribute("Owner", "some_part", "Input", other);
        assert_eq!(named, json!({"$ref": "#/components/schemas/OwnerSomePartInput"}));
        let schemas = components.into_json();
        let kind = &schemas["SomePartInput"]["properties"]["kind"];
        assert_eq!(*kind, json!({"$ref": "#/components/schemas/SomePartInputKind"}));
    }
}
