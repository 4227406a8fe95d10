//! The operations that are measured, and the bytes of their requests.
//!
//! Both servers are sent the same bytes, the token included, so that the floor parses the same head and differs only in
//! what it does with it.

use std::io::Write;

use crate::data;

/// The token of the sandbox that may do everything.
pub(crate) const TOKEN: &str = "sandbox-administrator";

/// Elements of one bulk, the most that the protocol allows.
const BULK: u64 = 50;

/// Pages of 50 that the lists walk over; each is as likely as any other.
const PAGES: u32 = 10;

/// Something that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Hello,
    Show,
    List,
    Memberships,
    Users,
    Update,
    /// An update of two fields, always the same ones, so that one text of a statement stands for all.
    Rates,
    Create,
    Bulk,
    /// The first page of a list with no parameters at all.
    Page,
}

impl Operation {
    /// Name for `--only` and for the JSON report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Hello => "hello",
            Operation::Show => "show",
            Operation::List => "list",
            Operation::Memberships => "memberships",
            Operation::Users => "users",
            Operation::Update => "update",
            Operation::Rates => "rates",
            Operation::Create => "create",
            Operation::Bulk => "bulk",
            Operation::Page => "page",
        }
    }

    /// Name for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Operation::Hello => "hello-world",
            Operation::Show => "show",
            Operation::List => "list of 50, three includes",
            Operation::Memberships => "50 memberships, three includes",
            Operation::Users => "50 users, two includes",
            Operation::Update => "update",
            Operation::Rates => "update of two fields",
            Operation::Create => "create",
            Operation::Bulk => "bulk create of 50",
            Operation::Page => "list, default page",
        }
    }

    pub(crate) fn writes(self) -> bool {
        matches!(self, Operation::Update | Operation::Rates | Operation::Create | Operation::Bulk)
    }
}

/// Makes one request after the other. Its choices are pseudo-random and repeat from run to run.
pub(crate) struct Requests {
    random: u64,
    /// Requests made so far. Never starts anew within a run, so that no address is invited twice.
    made: u64,
    invitations: u32,
    body: Vec<u8>,
}

impl Requests {
    /// Requests against a database that holds this many generated invitations.
    pub(crate) fn new(invitations: u32) -> Requests {
        Requests { random: 0x9e37_79b9_7f4a_7c15, made: 0, invitations, body: Vec::with_capacity(8 * 1024) }
    }

    /// Appends the next request of an operation.
    pub(crate) fn write(&mut self, operation: Operation, out: &mut Vec<u8>) {
        self.made += 1;
        // Writing into a vector cannot fail, so the results below say nothing.
        let _ = match operation {
            Operation::Hello => write!(out, "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"),
            Operation::Show => {
                let id = self.invitation();
                write!(out, "GET /api/v1/account_invitations/{id} HTTP/1.1\r\n{COMMON}\r\n")
            }
            Operation::List => self.list("account_invitations", "default_role,invitee,inviter", out),
            Operation::Memberships => self.list("account_memberships", "user,default_role,manager", out),
            Operation::Users => self.list("users", "account_membership,role", out),
            Operation::Page => write!(out, "GET /api/v1/account_invitations HTTP/1.1\r\n{COMMON}\r\n"),
            Operation::Update => {
                let id = self.invitation();
                self.update_body();
                self.with_body("PUT", &format!("/api/v1/account_invitations/{id}"), out)
            }
            Operation::Rates => {
                let id = self.invitation();
                let (bill_rate, cost_rate) = (self.below(100_000), self.below(100_000));
                self.body.clear();
                let _ = write!(
                    self.body,
                    "{{\"account_invitation\":{{\"bill_rate_in_cents\":{bill_rate},\
                     \"cost_rate_in_cents\":{cost_rate}}}}}"
                );
                self.with_body("PUT", &format!("/api/v1/account_invitations/{id}"), out)
            }
            Operation::Create => {
                self.body.clear();
                self.body.extend_from_slice(b"{\"account_invitation\":");
                self.person(self.made * BULK);
                self.body.push(b'}');
                self.with_body("POST", "/api/v1/account_invitations", out)
            }
            Operation::Bulk => {
                self.body.clear();
                self.body.extend_from_slice(b"{\"account_invitations\":[");
                for index in 0..BULK {
                    if index > 0 {
                        self.body.push(b',');
                    }
                    self.person(self.made * BULK + index);
                }
                self.body.extend_from_slice(b"]}");
                self.with_body("POST", "/api/v1/account_invitations", out)
            }
        };
    }

    /// One of the first pages of a list.
    fn list(&mut self, resource: &str, included: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
        let page = 1 + self.below(PAGES);
        write!(out, "GET /api/v1/{resource}?per_page=50&page={page}&include={included} HTTP/1.1\r\n{COMMON}\r\n")
    }

    /// The attributes of the seed page's update that are likely to differ from what is stored.
    fn update_body(&mut self) {
        let permission = ["project_creator", "collaborator", "project_lead"][self.below(3) as usize];
        let (rate, target) = (self.below(100_000), self.below(101));
        self.body.clear();
        let _ = write!(
            self.body,
            "{{\"account_invitation\":{{\"permission\":\"{permission}\",\"bill_rate_in_cents\":{rate},\
             \"billability_target\":{target}}}}}"
        );
    }

    fn person(&mut self, number: u64) {
        let _ = write!(
            self.body,
            "{{\"email_address\":\"new.{number}@bench.example.test\",\"full_name\":\"New Person {number}\",\
             \"headline\":\"Analyst\",\"bill_rate_in_cents\":15000}}"
        );
    }

    fn with_body(&self, method: &str, path: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
        let length = self.body.len();
        write!(
            out,
            "{method} {path} HTTP/1.1\r\n{COMMON}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )?;
        out.write_all(&self.body)
    }

    /// The id of a generated invitation.
    fn invitation(&mut self) -> i64 {
        let number = self.below(self.invitations);
        data::FIRST_ID + i64::from(number)
    }

    /// A number below `bound`, by xorshift.
    fn below(&mut self, bound: u32) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        u32::try_from(self.random % u64::from(bound)).unwrap_or(0)
    }
}

/// The header lines of every request with a token.
const COMMON: &str = "Host: bench\r\nAccept: application/json\r\nAuthorization: Bearer sandbox-administrator\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(requests: &mut Requests, operation: Operation) -> String {
        let mut out = Vec::new();
        requests.write(operation, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_body_is_json_and_as_long_as_its_head_says() {
        let mut requests = Requests::new(10);
        for operation in [Operation::Update, Operation::Rates, Operation::Create, Operation::Bulk] {
            let text = text(&mut requests, operation);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
            serde_json::from_str::<serde_json::Value>(body).unwrap();
        }
    }

    #[test]
    fn no_address_comes_twice() {
        let mut requests = Requests::new(10);
        let mut seen = std::collections::HashSet::new();
        for operation in [Operation::Create, Operation::Bulk, Operation::Bulk, Operation::Create] {
            let text = text(&mut requests, operation);
            for address in text.split("email_address\":\"").skip(1) {
                assert!(seen.insert(address.split('"').next().unwrap().to_owned()));
            }
        }
        assert_eq!(seen.len(), 102);
    }

    #[test]
    fn the_token_of_the_head_is_the_one_of_the_sandbox() {
        assert!(COMMON.contains(TOKEN));
    }
}
