//! The authorization endpoint: an application asks, a member decides.

use std::sync::Arc;

use axum::response::Response;
use hyper::{Method, StatusCode, header};
use minijinja::context;
use minijinja::value::Serde;
use secrecy::ExposeSecret as _;

use crate::engine::error::Error;
use crate::http::browser::Browser;
use crate::http::extract::{BodyParams, Visit, redirect, text};
use crate::http::{html, request};
use crate::ids::UserId;
use crate::oauth::applications::{self, Application};
use crate::oauth::authorization::{AccessRequest, AuthorizationRequest};
use crate::oauth::grants;
use crate::oauth::redirects::{self, Comparison};
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::oauth::sessions::{self, MemberSession};
use crate::store::{Db, Work};
use crate::wire::params::Tree;

const DENIED: Refusal = refusal(Code::AccessDenied, "The member has denied the request.");

const NOT_ALLOWED: Refusal = refusal(Code::AccessDenied, "The member may not act for the account of the application.");

/// A request of a known application with a registered redirect URI.
pub struct Trusted {
    pub application: Application,
    redirect_uri: String,
    asked: AuthorizationRequest,
    /// Of redirects: after a form, the browser must not post it again.
    status: StatusCode,
}

impl Trusted {
    /// Checks application and redirect URI. Errors are shown in the browser: it is not certain yet where to send them.
    pub async fn find(visit: &Visit, params: &Tree) -> Result<Self, Error> {
        let asked = AuthorizationRequest::read(|name| text(params, name));
        let client_id =
            asked.client_id().ok_or_else(|| syntax("The link to this page names no application."))?.to_owned();
        let application = visit.app.store.read(move |db| applications::find(db, &client_id)).await?;
        let application = application.ok_or_else(|| syntax("The application that sent you here is unknown."))?;
        let comparison = match visit.app.sandbox {
            Some(_) => Comparison::LooseOnLoopback,
            None => Comparison::Exact,
        };
        let redirect_uri = asked.trusted_redirect(&application, comparison).map(str::to_owned).ok_or_else(|| {
            syntax(
                "The application that sent you here uses a redirect address that is not registered for it or is not \
                 safe.",
            )
        })?;
        let status = if visit.head.method == Method::POST { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
        Ok(Self { application, redirect_uri, asked, status })
    }

    /// Redirects to the application with these parameters.
    fn answer(&self, parameters: &[(&str, &str)]) -> Result<Response, Error> {
        let mut all = parameters.to_vec();
        all.extend(self.asked.returned_state().map(|state| ("state", state)));
        redirect(self.status, &redirects::with_parameters(&self.redirect_uri, &all))
    }

    /// Redirects to the application with a refusal.
    fn refuse(&self, refusal: &Refusal) -> Result<Response, Error> {
        self.answer(&[("error", refusal.code.name()), ("error_description", refusal.description)])
    }

    /// Redirects to the same request.
    pub fn again(&self) -> Result<Response, Error> {
        redirect(self.status, &redirects::with_parameters("/oauth/authorize", &self.asked.parameters()))
    }

    /// The page to sign in, with what was wrong with the last attempt.
    pub fn sign_in_page(&self, browser: &Browser, status: StatusCode, fault: Option<&str>) -> Result<Response, Error> {
        let page = context! {
            application => self.application.name.as_str(),
            hidden => Serde(self.asked.parameters()),
            csrf_token => browser.csrf_token(),
            fault,
        };
        html::page(status, "oauth/sign_in.html", &page, "")
    }

    /// The session, if it belongs to a member of the application's account.
    async fn session(&self, visit: &Visit, browser: &Browser) -> Result<Option<MemberSession>, Error> {
        let session = browser.session(&visit.app).await?;
        Ok(session.filter(|session| session.account_id == self.application.account_id))
    }

    fn consent_page(
        &self,
        browser: &Browser,
        session: &MemberSession,
        request: &AccessRequest,
    ) -> Result<Response, Error> {
        let page = context! {
            application => self.application.name.as_str(),
            host => redirects::authority(&self.redirect_uri),
            account => session.account_name.as_str(),
            full_name => session.full_name.as_str(),
            email_address => session.email_address.as_str(),
            permission => session.permission.name().replace('_', " "),
            // The application's name for what it asks for.
            scope => request.scope.trim(),
            hidden => Serde(self.asked.parameters()),
            csrf_token => browser.csrf_token(),
        };
        html::page(StatusCode::OK, "oauth/consent.html", &page, &redirects::source(&self.redirect_uri))
    }
}

fn syntax(sentence: &str) -> Error {
    Error::Syntax(sentence.to_owned())
}

/// The page on which a member decides, or signs in first.
pub async fn show(visit: Visit) -> Result<Response, Error> {
    let params = request::query(&visit.head.uri)?;
    let trusted = Trusted::find(&visit, &params).await?;
    let request = match trusted.asked.judge() {
        Ok(request) => request,
        Err(refusal) => return trusted.refuse(&refusal),
    };
    let has_header = visit.head.headers.contains_key(header::AUTHORIZATION);
    if visit.app.sandbox.is_some() && has_header && visit.head.method == Method::GET {
        // In the sandbox, a member's bearer token counts as consent: a test suite cannot click.
        let caller = request::caller(&visit.app, &visit.head.uri, &visit.head.headers).await?;
        let user_id = caller.user_id().ok_or(Error::Unauthenticated)?;
        return consent(&visit, &trusted, request, move |_| Ok(Some(user_id))).await;
    }
    let browser = Browser::of(&visit)?;
    let Some(session) = trusted.session(&visit, &browser).await? else {
        return browser.mark(&visit.app, trusted.sign_in_page(&browser, StatusCode::OK, None)?);
    };
    if session.is_to_be_recorded && visit.app.require_writes().is_ok() {
        let (cookie, now) = (browser.cookie.clone(), visit.app.clock.now());
        visit.write(move |db| Ok(sessions::record_use(db, cookie.expose_secret(), now)?)).await?;
    }
    // A browser with a session has its cookie already.
    trusted.consent_page(&browser, &session, &request)
}

/// Records the consent of the member that `who` finds, and sends its code, or a refusal, to the application.
async fn consent(
    visit: &Visit,
    trusted: &Trusted,
    request: AccessRequest,
    mut who: impl Work<Option<UserId>, Error>,
) -> Result<Response, Error> {
    let (app, now) = (Arc::clone(&visit.app), visit.app.clock.now());
    let (application, redirect_uri) = (trusted.application.clone(), trusted.redirect_uri.clone());
    let request_id = visit.call.request_id.clone();
    let code = visit.write(move |db| {
        let Some(user_id) = who(db)? else { return Ok(None) };
        let consent = grants::Consent {
            application: &application,
            user_id,
            redirect_uri: &redirect_uri,
            request: &request,
            request_id: &request_id,
        };
        grants::consent(db, &app.entropy, &consent, now)
    });
    match code.await? {
        Some(code) => trusted.answer(&[("code", code.expose_secret())]),
        None => trusted.refuse(&NOT_ALLOWED),
    }
}

/// What the member decided.
pub async fn decide(visit: Visit, BodyParams(params): BodyParams) -> Result<Response, Error> {
    let browser = Browser::of_form(&visit, &params)?;
    let trusted = Trusted::find(&visit, &params).await?;
    let request = match trusted.asked.judge() {
        Ok(request) => request,
        Err(refusal) => return trusted.refuse(&refusal),
    };
    if trusted.session(&visit, &browser).await?.is_none() {
        // The session has ended: sign in, then decide again.
        return trusted.again();
    }
    match text(&params, "decision").as_deref() {
        Some("allow") => {
            // The session may have ended since the page was shown, so it is read in the same transaction.
            let (cookie, now) = (browser.cookie, visit.app.clock.now());
            let who = move |db: &mut Db| Ok(sessions::user(db, cookie.expose_secret(), now)?);
            consent(&visit, &trusted, request, who).await
        }
        Some("deny") => trusted.refuse(&DENIED),
        _ => Err(syntax("The form does not say what was decided.")),
    }
}
