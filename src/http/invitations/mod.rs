//! Invitations beyond the API: the pages on which invitees answer, the same as JSON for teams with a front end of their
//! own, and what administrators need besides.
//!
//! Invariants. `GET` and `HEAD` change nothing, however often a link is opened and by whom. An answer takes a form that
//! this browser was given, and an action of a person: a typed password or a ticked box. All tokens that do not work get
//! the same answer, whatever the reason. No page links anywhere else, and no address of a page is passed on to another
//! site.

mod answers;
mod manage;
mod offer;

use std::sync::LazyLock;

use crate::http::html;
use crate::http::router::{GET, POST, Routes};

/// Paths for posted answers. GET sees a token there, as anywhere else below `/invitations/`.
const ANSWERS: [&str; 3] = ["/invitations/lookup", "/invitations/accept", "/invitations/decline"];

const OFFER: &str = "/invitations/{token}";

pub static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
    let json = Routes::new()
        .on(POST, ANSWERS[0], "invitation.lookup", answers::look_up)
        .on(POST, ANSWERS[1], "invitation.accept", answers::accept)
        .on(POST, ANSWERS[2], "invitation.decline", answers::decline)
        .on(POST, "/invitations/{id}/link", "invitation.link", manage::link)
        .on(GET, "/invitations/{id}/mails", "invitation.mails", manage::mails);
    let decide = Routes::new().on(POST, OFFER, "invitation.decide", offer::decide);
    let show = |pages: Routes, path| pages.on(GET, path, "invitation.show", offer::show);
    let pages = [OFFER, "/invitations"].into_iter().chain(ANSWERS).fold(decide, show);
    json.and(pages.mapped(html::show_refusal))
});
