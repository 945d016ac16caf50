//! The client as another program's author meets it: requests put together, redirects followed, bodies decoded.

mod answer;
mod body;
mod error;
mod follow;
mod request;
mod send_body;
mod settings;

use ::http::Method;

pub use answer::{Answer, AnsweredBy};
pub use body::Body;
pub use error::RequestError;
pub use follow::RedirectPolicy;
pub use request::{IntoUrl, RequestBuilder};
pub use send_body::SendBody;
pub(super) use settings::Settings;

use super::Client;

/// Requests, put together and sent. See [the tour](crate::http).
impl Client {
    /// `GET`: what is there.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// `HEAD`: what would be said of it.
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// `POST`: do something with this.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// `PUT`: put this there.
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// `PATCH`: change it so.
    pub fn patch(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// `DELETE`: take it away.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// A request of any method.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, url)
    }

    /// Sends a request of the `http` crate's type and gives its answer as one: fields, body and redirects as by
    /// [`RequestBuilder`]. Version and extensions of the request say nothing to this client.
    ///
    /// ```no_run
    /// # use gfetch::{green, http::{Client, types}};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # green::run(|| {
    /// let client = Client::builder().build()?;
    /// let request = types::Request::put("https://example.org/a").header("X-My", "field").body("text")?;
    /// let response = client.execute(request)?;
    /// assert_eq!(response.status(), types::StatusCode::CREATED);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn execute<B: Into<SendBody>>(
        &self,
        request: ::http::Request<B>,
    ) -> Result<::http::Response<Body>, RequestError> {
        RequestBuilder::of_http(self.clone(), request).send().map(Answer::into_http)
    }
}
