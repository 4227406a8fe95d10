//! The authorization endpoint: an application asks, a member decides.

use std::sync::Arc;

use hyper::{Method, Response, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};

use crate::engine::error::Error;
use crate::engine::tokens;
use crate::http::browser::{Browser, require_own_form};
use crate::http::oauth::html::{Consent, SignIn};
use crate::http::visit::{Visit, redirect, text};
use crate::http::{html, request};
use crate::ids::UserId;
use crate::oauth::applications::{self, Application};
use crate::oauth::authorization::{AccessRequest, AuthorizationRequest};
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::oauth::sessions::{self, MemberSession};
use crate::oauth::{grants, redirects};
use crate::server::listen::{Body, RequestBody};
use crate::wire::params::Tree;

const DENIED: Refusal = refusal(Code::AccessDenied, "The member has denied the request.");

const NOT_ALLOWED: Refusal = refusal(Code::AccessDenied, "The member may not act for the account of the application.");

/// A request for whose answer it is certain where it may go.
pub struct Trusted {
    /// Who asks.
    pub application: Application,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What was asked, as it came.
    pub asked: AuthorizationRequest,
}

impl Trusted {
    /// Finds out who asks. Until that is certain, whatever is wrong is told to the person in front of the browser.
    pub async fn find(visit: &Visit<'_>, params: &Tree) -> Result<Self, Error> {
        let asked = AuthorizationRequest::read(|name| text(params, name));
        let client_id = asked.client_id.clone().ok_or_else(|| syntax("The link to this page names no application."))?;
        let application = visit.app.store.read(move |db| applications::find(db, &client_id)).await?;
        let application = application.ok_or_else(|| syntax("The application that sent you here is not known."))?;
        let redirect_uri = asked.trusted_redirect(&application).map(str::to_owned).ok_or_else(|| {
            syntax(
                "The application that sent you here asks for an answer at an address that was not registered for it.",
            )
        })?;
        Ok(Self { application, redirect_uri, asked })
    }

    /// Sends an answer to the application.
    fn answer(&self, status: StatusCode, parameters: &[(&str, &str)]) -> Result<Response<Body>, Error> {
        let mut all = parameters.to_vec();
        all.extend(self.asked.returned_state().map(|state| ("state", state)));
        redirect(status, &redirects::with_parameters(&self.redirect_uri, &all))
    }

    /// Tells the application that it is refused.
    pub fn refuse(&self, status: StatusCode, refusal: &Refusal) -> Result<Response<Body>, Error> {
        self.answer(status, &[("error", refusal.code.name()), ("error_description", refusal.description)])
    }

    /// The address at which the same is asked again.
    pub fn again(&self) -> String {
        redirects::with_parameters("/oauth/authorize", &self.asked.parameters())
    }

    /// The page on which a member signs in for this application.
    pub fn sign_in_page(
        &self,
        browser: &Browser,
        status: StatusCode,
        fault: Option<&str>,
    ) -> Result<Response<Body>, Error> {
        let page = SignIn {
            application: &self.application.name,
            hidden: &self.asked.parameters(),
            csrf_token: &browser.csrf_token(),
            fault,
        };
        html::html(status, &page, "")
    }

    /// The session, if it is one of a member of the application's account.
    async fn session(&self, visit: &Visit<'_>, browser: &Browser) -> Result<Option<MemberSession>, Error> {
        let session = browser.session(visit.app).await?;
        Ok(session.filter(|session| session.account_id == self.application.account_id))
    }

    fn consent_page(
        &self,
        browser: &Browser,
        session: &MemberSession,
        request: &AccessRequest,
    ) -> Result<Response<Body>, Error> {
        let page = Consent {
            application: &self.application.name,
            host: redirects::host(&self.redirect_uri),
            account: &session.account_name,
            full_name: &session.full_name,
            email_address: &session.email_address,
            permission: &session.permission.name().replace('_', " "),
            scope: request.scope.trim(),
            hidden: &self.asked.parameters(),
            csrf_token: &browser.csrf_token(),
        };
        html::html(StatusCode::OK, &page, &redirects::source(&self.redirect_uri))
    }
}

fn syntax(sentence: &str) -> Error {
    Error::Syntax(sentence.to_owned())
}

/// `GET /oauth/authorize`: the page on which a member decides, or signs in first.
pub async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Error> {
    let params = request::query(&visit.head.uri)?;
    let trusted = Trusted::find(visit, &params).await?;
    let request = match trusted.asked.judge() {
        Ok(request) => request,
        Err(refusal) => return trusted.refuse(StatusCode::FOUND, &refusal),
    };
    let has_header = visit.head.headers.contains_key(header::AUTHORIZATION);
    if visit.app.sandbox.is_some() && has_header && visit.head.method == Method::GET {
        return consent_of_bearer(visit, &trusted, request).await;
    }
    let browser = Browser::of(visit)?;
    let response = match trusted.session(visit, &browser).await? {
        Some(session) => {
            record_use(visit, &browser, &session).await?;
            trusted.consent_page(&browser, &session, &request)?
        }
        None => trusted.sign_in_page(&browser, StatusCode::OK, None)?,
    };
    browser.mark(visit.app, response)
}

async fn record_use(visit: &Visit<'_>, browser: &Browser, session: &MemberSession) -> Result<(), Error> {
    if !session.is_to_be_recorded || visit.app.require_writes().is_err() {
        return Ok(());
    }
    let (cookie, now) = (SecretString::from(browser.cookie().to_owned()), visit.app.clock.now());
    visit.write(move |db| Ok(sessions::record_use(db, cookie.expose_secret(), now)?)).await
}

/// In the sandbox, whoever sends a member's bearer token has that member's consent: a test suite has no hands.
async fn consent_of_bearer(
    visit: &Visit<'_>,
    trusted: &Trusted,
    request: AccessRequest,
) -> Result<Response<Body>, Error> {
    let token = request::token(visit.app, &visit.head.uri, &visit.head.headers)?;
    let caller = visit.app.callers.find(&visit.app.store, tokens::hash(&token)).await?;
    let user_id = caller.and_then(|caller| caller.user_id()).ok_or(Error::Unauthenticated)?;
    let code = consent(visit, trusted, request, Member::User(user_id)).await?;
    tell(trusted, StatusCode::FOUND, code.as_ref())
}

/// Sends the code to the application, or says that there is none.
fn tell(trusted: &Trusted, status: StatusCode, code: Option<&SecretString>) -> Result<Response<Body>, Error> {
    match code {
        Some(code) => trusted.answer(status, &[("code", code.expose_secret())]),
        None => trusted.refuse(status, &NOT_ALLOWED),
    }
}

/// Who consents.
enum Member {
    /// A user, for certain.
    User(UserId),
    /// Whoever is signed in by a cookie at the moment of the consent.
    SignedIn(SecretString),
}

async fn consent(
    visit: &Visit<'_>,
    trusted: &Trusted,
    request: AccessRequest,
    member: Member,
) -> Result<Option<SecretString>, Error> {
    let (app, now) = (Arc::clone(visit.app), visit.app.clock.now());
    let (application, redirect_uri) = (trusted.application.clone(), trusted.redirect_uri.clone());
    let request_id = visit.request_id.to_owned();
    visit
        .write(move |db| {
            let user_id = match &member {
                Member::User(user_id) => Some(*user_id),
                Member::SignedIn(cookie) => {
                    sessions::find(db, cookie.expose_secret(), now)?.map(|session| session.user_id)
                }
            };
            let Some(user_id) = user_id else {
                return Ok(None);
            };
            let consent = grants::Consent {
                application: &application,
                user_id,
                redirect_uri: &redirect_uri,
                request: &request,
                request_id: &request_id,
            };
            grants::consent(db, &app.entropy, &consent, now)
        })
        .await
}

/// `POST /oauth/authorize`: what the member decided.
pub async fn decide(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.params(body).await?;
    let browser = Browser::of(visit)?;
    require_own_form(&browser, &params)?;
    let trusted = Trusted::find(visit, &params).await?;
    let request = match trusted.asked.judge() {
        Ok(request) => request,
        Err(refusal) => return trusted.refuse(StatusCode::SEE_OTHER, &refusal),
    };
    if trusted.session(visit, &browser).await?.is_none() {
        // The session is over: whoever it is signs in and is asked again.
        return redirect(StatusCode::SEE_OTHER, &trusted.again());
    }
    match text(&params, "decision").as_deref() {
        Some("allow") => {
            let member = Member::SignedIn(SecretString::from(browser.cookie().to_owned()));
            let code = consent(visit, &trusted, request, member).await?;
            tell(&trusted, StatusCode::SEE_OTHER, code.as_ref())
        }
        Some("deny") => trusted.refuse(StatusCode::SEE_OTHER, &DENIED),
        _ => Err(syntax("The form does not say what was decided.")),
    }
}
