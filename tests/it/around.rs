//! What is kept around a member: skills, cost rates, billable utilizations, and references in other systems as a list
//! of their own. What the engine does for every resource is tested elsewhere: levels and tenants in `coverage`, plans
//! in
//! `plans`, both engines in `postgres::differential`.

mod cost_rates;
mod references;
mod skills;
mod utilizations;

use serde_json::Value;

use crate::support::{Answer, Server, token};

impl Server {
    /// Makes a record as the administrator.
    #[track_caller]
    fn make(&self, path: &str, body: &Value) -> Answer {
        self.post(path).bearer(token::ADMINISTRATOR).json(body).send()
    }

    /// Deletes a record as the administrator.
    #[track_caller]
    fn remove(&self, path: &str) {
        self.delete(path).bearer(token::ADMINISTRATOR).send().expect(204);
    }

    /// The count of a list.
    #[track_caller]
    fn count(&self, path: &str) -> i64 {
        self.read(path).json()["count"].as_i64().unwrap()
    }
}

/// The fields and messages of a refusal.
#[track_caller]
fn refusals(answer: &Answer) -> Vec<(String, String)> {
    let errors = answer.errors().into_iter();
    errors.map(|(_, field, _, message)| (field.unwrap_or_default(), message)).collect()
}
