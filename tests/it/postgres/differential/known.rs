//! What a client learns from answers and uses later: ids, links, tokens, entity tags, cookies.

use std::collections::BTreeMap;

use serde_json::Value;

use super::asked::Asked;
use super::dice::Dice;
use crate::support::Answer;

/// How many of a kind are remembered; the oldest are forgotten, so most of the remembered ones still exist.
const REMEMBERED: usize = 60;

/// Longer answers are compared but not read.
const LONGEST_READ: usize = 20_000;

/// A browser with its cookie and the token of its last form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Browser {
    pub(super) cookie: String,
    pub(super) csrf: String,
}

#[derive(Default)]
pub(super) struct Known {
    ids: BTreeMap<String, Vec<String>>,
    /// Tokens of invitation links.
    pub(super) links: Vec<String>,
    /// Members' tokens.
    pub(super) tokens: Vec<String>,
    pub(super) refresh_tokens: Vec<String>,
    pub(super) codes: Vec<String>,
    /// Entity tags with their paths.
    pub(super) tags: Vec<(String, String)>,
    pub(super) browsers: Vec<Browser>,
    /// Addresses of invitees.
    pub(super) addresses: Vec<String>,
    /// Addresses of people with a password.
    pub(super) names: Vec<String>,
    /// Recent requests, to be repeated.
    pub(super) asked: Vec<Asked>,
    /// Counts the people, so that each has a unique address.
    pub(super) people: usize,
}

fn remember<T: PartialEq>(things: &mut Vec<T>, thing: T) {
    if things.contains(&thing) {
        return;
    }
    if things.len() >= REMEMBERED {
        things.remove(0);
    }
    things.push(thing);
}

impl Known {
    /// A known id of a resource.
    pub(super) fn id(&self, dice: &mut Dice, resource: &str) -> Option<String> {
        dice.pick(self.ids.get(resource)?).cloned()
    }

    pub(super) fn learn(&mut self, asked: &Asked, answer: &Answer) {
        let path = asked.target.split('?').next().unwrap_or_default();
        remember_asked(&mut self.asked, asked);
        if let Some(tag) = answer.header("etag") {
            remember(&mut self.tags, (path.to_owned(), tag.to_owned()));
        }
        if let Some(code) = answer.header("location").and_then(|place| place.split_once("code=")) {
            remember(&mut self.codes, code.1.split('&').next().unwrap_or_default().to_owned());
        }
        self.learn_browser(asked, answer);
        if answer.body.len() > LONGEST_READ {
            return;
        }
        let Ok(json) = serde_json::from_slice::<Value>(&answer.body) else { return };
        for entry in json["results"].as_array().into_iter().flatten() {
            if let (Some(key), Some(id)) = (entry["key"].as_str(), entry["id"].as_str()) {
                remember(self.ids.entry(key.to_owned()).or_default(), id.to_owned());
                let record = &json[key][id];
                for (name, known) in [("email_address", &mut self.addresses), ("full_name", &mut self.names)] {
                    if let Some(text) = record[name].as_str() {
                        remember(known, text.to_owned());
                    }
                }
            }
        }
        for (key, value) in json["external_references"].as_object().into_iter().flatten() {
            if let Some(name) = value["service_model_ref"].as_str() {
                remember(&mut self.names, name.to_owned());
            }
            remember(self.ids.entry("external_references".to_owned()).or_default(), key.clone());
        }
        for mail in json["messages"].as_array().into_iter().flatten() {
            mail["token"].as_str().into_iter().for_each(|token| remember(&mut self.links, token.to_owned()));
        }
        for (name, known) in [
            ("access_token", &mut self.tokens),
            ("refresh_token", &mut self.refresh_tokens),
            ("token", &mut self.links),
        ] {
            json[name].as_str().into_iter().for_each(|token| remember(known, token.to_owned()));
        }
    }

    /// The cookie that a page set or that was sent, with the page's form token.
    fn learn_browser(&mut self, asked: &Asked, answer: &Answer) {
        let set = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        let sent = asked.headers.iter().find(|(name, _)| name == "Cookie").map(|(_, value)| value.clone());
        let Some(cookie) = set.or(sent) else { return };
        let page = String::from_utf8_lossy(&answer.body);
        let Some((_, form)) = page.split_once("name=\"csrf_token\" value=\"") else { return };
        let csrf = form.split('"').next().unwrap_or_default().to_owned();
        remember(&mut self.browsers, Browser { cookie, csrf });
    }
}

fn remember_asked(known: &mut Vec<Asked>, asked: &Asked) {
    if known.len() >= REMEMBERED {
        known.remove(0);
    }
    known.push(asked.clone());
}
