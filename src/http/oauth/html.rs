//! The pages on which members sign in and decide.

use askama::Template;

use crate::http::html::STYLE;

/// Names and values that a form carries without showing them.
pub type Hidden<'a> = [(&'static str, &'a str)];

/// Where a member signs in for an application.
#[derive(Template)]
#[template(path = "oauth/sign_in.html")]
pub struct SignIn<'a> {
    /// Name of the application.
    pub application: &'a str,
    /// The request that is gone on with.
    pub hidden: &'a Hidden<'a>,
    /// Proves the form.
    pub csrf_token: &'a str,
    /// What was wrong with the attempt before.
    pub fault: Option<&'a str>,
}

/// Where a member decides.
#[derive(Template)]
#[template(path = "oauth/consent.html")]
pub struct Consent<'a> {
    /// Name of the application.
    pub application: &'a str,
    /// Where the answer goes.
    pub host: &'a str,
    /// Name of the account.
    pub account: &'a str,
    /// The member's name.
    pub full_name: &'a str,
    /// The member's address.
    pub email_address: &'a str,
    /// What the member may do.
    pub permission: &'a str,
    /// What the application calls it.
    pub scope: &'a str,
    /// The request that is decided.
    pub hidden: &'a Hidden<'a>,
    /// Proves the forms.
    pub csrf_token: &'a str,
}

/// Behind a one-time link.
#[derive(Template)]
#[template(path = "oauth/link.html")]
pub struct Link<'a> {
    /// Proves the form.
    pub csrf_token: &'a str,
}
