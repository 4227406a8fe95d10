//! An axum router whose routes have names, and which can list them.
//!
//! The names appear in the log and the metrics; 404 and 405 list the routes. The API is not routed here but by its
//! registry.

use std::sync::Arc;

use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{map_request, map_response};
use axum::response::Response;
use axum::routing::{self, MethodFilter};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::http::call::Call;

pub type RouteMethod = (MethodFilter, &'static str);

pub const GET: RouteMethod = (MethodFilter::GET, "GET");
pub const POST: RouteMethod = (MethodFilter::POST, "POST");
pub const PUT: RouteMethod = (MethodFilter::PUT, "PUT");
pub const DELETE: RouteMethod = (MethodFilter::DELETE, "DELETE");

/// A router, and what it serves in the order of declaration.
pub struct Routes {
    pub router: axum::Router,
    pub list: Vec<NamedRoute>,
}

/// A method and a path, which has the names of its parameters in braces.
pub struct NamedRoute {
    pub method: &'static str,
    pub path: &'static str,
    pub name: &'static str,
    pub description: Option<Description>,
}

/// Adds a type to the schemas of an API description.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Parameters of a query: name, description, type.
pub type Parameters = &'static [(&'static str, &'static str, &'static str)];

/// A route in an API description.
pub struct Description {
    pub summary: &'static str,
    pub query: Parameters,
    pub body: Option<SchemaOf>,
    /// Media type and schema; `None` where the answer is empty.
    pub answer: Option<(&'static str, SchemaOf)>,
}

/// A description that says this, and nothing of parameters, body or answer.
pub fn says(summary: &'static str) -> Description {
    Description { summary, query: &[], body: None, answer: None }
}

impl Description {
    pub fn query(self, query: Parameters) -> Self {
        Self { query, ..self }
    }

    pub fn body<T: JsonSchema>(self) -> Self {
        Self { body: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    pub fn answer<T: JsonSchema>(self) -> Self {
        Self { answer: Some(("application/json", SchemaGenerator::subschema_for::<T>)), ..self }
    }

    pub fn page(self) -> Self {
        Self { answer: Some(("text/html", SchemaGenerator::subschema_for::<String>)), ..self }
    }
}

impl Routes {
    pub fn new() -> Self {
        Self { router: axum::Router::new(), list: Vec::new() }
    }

    /// Serves a method at a path; GET also serves HEAD.
    pub fn on<T: 'static>(
        mut self,
        (filter, method): RouteMethod,
        path: &'static str,
        name: &'static str,
        handler: impl Handler<T, ()>,
    ) -> Self {
        let named = map_request(move |request: Request| async move {
            if let Some(call) = request.extensions().get::<Arc<Call>>() {
                call.set_operation(name);
            }
            request
        });
        self.router = self.router.route(path, routing::on(filter, handler).route_layer(named));
        self.list.push(NamedRoute { method, path, name, description: None });
        self
    }

    /// Describes the route that was added last.
    pub fn described(mut self, description: Description) -> Self {
        if let Some(route) = self.list.last_mut() {
            route.description = Some(description);
        }
        self
    }

    /// Sends every answer of these routes through a function, such as one that shows refusals on a page.
    pub fn mapped<F: Future<Output = Response> + Send + 'static>(
        mut self,
        function: impl Fn(Response) -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        self.router = self.router.route_layer(map_response(function));
        self
    }

    /// Serves the routes of both.
    pub fn and(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.list.extend(other.list);
        self
    }
}
