//! Two custom resources behind one function.

use super::answer::Success;
use super::guard::CustomResource;
use super::progress::Progress;
use super::request::{Request, RequestType};

/// Serves requests of the second resource's type with the second, and all other ones with the
/// first.
#[derive(Clone, Debug)]
pub struct Either<A, B>(pub A, pub B);

impl<A: CustomResource, B: CustomResource> Either<A, B> {
    fn is_seconds(request: &Request) -> bool {
        request.resource_type == B::RESOURCE_TYPE
    }
}

impl<A: CustomResource, B: CustomResource> CustomResource for Either<A, B> {
    const RESOURCE_TYPE: &'static str = A::RESOURCE_TYPE;
    const FURTHER_TYPES: &'static [&'static str] = &[B::RESOURCE_TYPE];

    fn physical_id(&self, request: &Request) -> String {
        if Self::is_seconds(request) {
            self.1.physical_id(request)
        } else {
            self.0.physical_id(request)
        }
    }

    async fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        if Self::is_seconds(request) {
            self.1.handle(kind, request, progress).await
        } else {
            self.0.handle(kind, request, progress).await
        }
    }

    async fn go_on(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        if Self::is_seconds(request) {
            self.1.go_on(kind, request, progress).await
        } else {
            self.0.go_on(kind, request, progress).await
        }
    }
}
