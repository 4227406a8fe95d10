//! A browser that keeps its cookie and fills in forms.
//!
//! It submits the page's own fields, so a test that uses a form also proves that the form works.

use std::net::SocketAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::client::Request;
use super::{Answer, Server};

/// Names and the typed or pressed values.
pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

/// Fields encoded as a form or query string.
pub(crate) fn encoded(fields: Fields<'_>) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// Expects the headers of every page.
#[track_caller]
pub(crate) fn is_guarded_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{answer}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    let policy = answer.header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!answer.text().contains("<script"), "{answer}");
}

pub(crate) struct Browser {
    server: SocketAddr,
    pub(crate) cookie: Option<String>,
}

impl Browser {
    pub(crate) fn new(server: &Server) -> Self {
        Self::at(server.address())
    }

    pub(crate) fn at(server: SocketAddr) -> Self {
        Self { server, cookie: None }
    }

    pub(crate) fn send(&mut self, request: Request) -> Answer {
        let request = match &self.cookie {
            Some(cookie) => request.header("Cookie", cookie),
            None => request,
        };
        let answer = request.send();
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        }
        answer
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let request = Request::new(self.server, "GET", path);
        self.send(request)
    }

    pub(crate) fn post(&mut self, path: &str, form: &str) -> Answer {
        let request = Request::new(self.server, "POST", path).form(form);
        self.send(request)
    }

    /// Submits the page's form with this action, with typed or pressed fields.
    #[track_caller]
    pub(crate) fn submit(&mut self, page: &Answer, action: &str, typed: Fields<'_>) -> Answer {
        self.fill_in(page, &format!("action=\"{action}\""), action, typed)
    }

    /// Submits the form that posts to the page's own path, with typed or pressed fields.
    #[track_caller]
    pub(crate) fn reply(&mut self, page: &Answer, path: &str, typed: Fields<'_>) -> Answer {
        self.fill_in(page, "<form method=\"post\">", path, typed)
    }

    #[track_caller]
    fn fill_in(&mut self, page: &Answer, form: &str, path: &str, typed: Fields<'_>) -> Answer {
        let hidden = hidden_behind(page, form);
        self.post(path, &encoded(&[&borrowed(&hidden)[..], typed].concat()))
    }

    /// Opens an invitation's page and submits its form.
    #[track_caller]
    pub(crate) fn decide(&mut self, token: &str, typed: Fields<'_>) -> Answer {
        let path = format!("/invitations/{token}");
        let page = self.get(&path).expect(200);
        self.reply(&page, &path, typed)
    }

    /// Opens the authorize page and signs in.
    #[track_caller]
    pub(crate) fn sign_in(&mut self, path: &str, address: &str, password: &str) -> Answer {
        let page = self.get(path).expect(200);
        self.submit(&page, "/oauth/sign-in", &[("email_address", address), ("password", password)])
    }
}

/// Fields of a form that can be joined with typed ones.
pub(crate) fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The hidden fields of the form with this action.
#[track_caller]
pub(crate) fn hidden(page: &Answer, action: &str) -> Vec<(String, String)> {
    hidden_behind(page, &format!("action=\"{action}\""))
}

/// The hidden fields of the form that starts with this text.
#[track_caller]
fn hidden_behind(page: &Answer, start: &str) -> Vec<(String, String)> {
    let form = page.text().split_once(start).unwrap_or_else(|| panic!("no form with {start}: {page}")).1;
    let form = form.split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| {
        let value = tag.split_once(&format!(" {name}=\""))?.1;
        Some(unescaped(value.split('"').next()?))
    };
    form.split("<input type=\"hidden\"")
        .skip(1)
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
        .collect()
}

fn unescaped(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
