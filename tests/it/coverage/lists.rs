//! Every name that the vendor's lists know is known here: filters, orders, includes, optional fields and attributes.
//!
//! `contract/lists.json` has the vendor's names, `/openapi.json` those of the registry. An unknown name is ignored by
//! the wire, so a missing one would answer 200 with the wrong records, and no other test would notice.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Server;

const CONTRACT: &str = include_str!("../contract/lists.json");

type Names<'a> = BTreeSet<&'a str>;

fn names(value: &Value) -> Names<'_> {
    value.as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect()
}

/// One list of the API, as its description shows it.
struct List<'a> {
    collection: &'a str,
    document: &'a Value,
    parameters: &'a [Value],
}

impl<'a> List<'a> {
    fn of(document: &'a Value, collection: &'a str) -> Self {
        let parameters = document["paths"][format!("/{collection}")]["get"]["parameters"].as_array();
        let parameters = parameters.unwrap_or_else(|| panic!("{collection} has no list"));
        Self { collection, document, parameters }
    }

    fn schema(&self, reference: &Value) -> &'a Value {
        let target = reference["$ref"].as_str().unwrap();
        self.document.pointer(target.trim_start_matches('#')).unwrap()
    }

    fn parameter(&self, name: &str) -> Option<&'a Value> {
        self.parameters.iter().find(|parameter| parameter["name"] == name)
    }

    fn filters(&self) -> Names<'a> {
        self.parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect()
    }

    /// Each order without its direction; a list that cannot be ordered has none.
    fn orders(&self) -> Names<'a> {
        let Some(order) = self.parameter("order") else { return Names::new() };
        names(&self.schema(&order["schema"])["enum"])
            .into_iter()
            .map(|order| order.split_once(':').unwrap().0)
            .collect()
    }

    /// The names that `include` or `optional_fields` takes, which its description lists.
    fn choices(&self, parameter: &str) -> Names<'a> {
        let Some(parameter) = self.parameter(parameter) else { return Names::new() };
        let text = parameter["description"].as_str().unwrap();
        let choices = text.strip_prefix("Any of ").and_then(|text| text.strip_suffix(", with commas."));
        choices.unwrap_or_else(|| panic!("{text} lists nothing")).split(", ").collect()
    }

    fn attributes(&self) -> Names<'a> {
        let listed = &self.document["paths"][format!("/{}", self.collection)]["get"]["responses"]["200"];
        let envelope = self.schema(&listed["content"]["application/json"]["schema"]);
        let record = self.schema(&envelope["properties"][self.collection]["additionalProperties"]);
        record["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    }
}

#[test]
fn every_name_of_the_vendors_lists_is_served() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let document = Server::start().get("/openapi.json").send().expect(200).json();
    let lists = contract.as_object().unwrap();
    assert_eq!(lists.len(), 13, "the contract's file has lost a list");
    for (collection, vendor) in lists {
        let list = List::of(&document, collection);
        // Ours may have more filters and attributes than the vendor documents, each marked as ours where it is one.
        for (what, ours) in [("filters", list.filters()), ("attributes", list.attributes())] {
            let missing: Vec<_> = names(&vendor[what]).difference(&ours).copied().collect();
            assert!(missing.is_empty(), "{collection} lacks the {what} {missing:?}");
        }
        assert_eq!(list.orders(), names(&vendor["orders"]), "orders of {collection}");
        for (what, parameter) in [("includes", "include"), ("optional_fields", "optional_fields")] {
            assert_eq!(list.choices(parameter), names(&vendor[what]), "{what} of {collection}");
        }
    }
}
