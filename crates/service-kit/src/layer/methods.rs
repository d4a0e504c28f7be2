//! The methods that exist, from the descriptor set: their names as metric labels and whether they stream.
//!
//! Labels come from here only, never from the wire, so that a hostile caller cannot make new time series.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// What is known of a method before it is called.
#[derive(Debug)]
pub(crate) struct MethodInfo {
    /// `/package.Service/Method`, or `unknown`.
    pub path: &'static str,
    /// `package.Service`, or `unknown`.
    pub service: &'static str,
    /// `Method`, or `unknown`.
    pub method: &'static str,
    /// Whether the request or the response is a stream.
    pub has_stream: bool,
    /// Whether it is answered also under overload: health.
    pub always_admitted: bool,
    shared_path: Arc<str>,
}

impl MethodInfo {
    fn new(service: &'static str, method: &'static str, has_stream: bool) -> Self {
        let path: &'static str = String::leak(format!("/{service}/{method}"));
        let always_admitted = service == "grpc.health.v1.Health";
        Self { path, service, method, has_stream, always_admitted, shared_path: Arc::from(path) }
    }

    pub(crate) fn shared_path(&self) -> &Arc<str> {
        &self.shared_path
    }
}

static UNKNOWN: LazyLock<MethodInfo> = LazyLock::new(|| MethodInfo {
    path: "unknown",
    service: "unknown",
    method: "unknown",
    has_stream: false,
    always_admitted: false,
    shared_path: Arc::from("unknown"),
});

static METHODS: LazyLock<HashMap<&'static str, MethodInfo>> = LazyLock::new(|| {
    let own = methods_in(backorder_proto::FILE_DESCRIPTOR_SET);
    let health = methods_in(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let reflection = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]
        .map(|service| MethodInfo::new(service, "ServerReflectionInfo", true));
    own.into_iter().chain(health).chain(reflection).map(|info| (info.path, info)).collect()
});

/// The names live as long as the program; they are made once from the descriptors that are compiled into it.
fn methods_in(descriptors: &[u8]) -> Vec<MethodInfo> {
    let files = FileDescriptorSet::decode(descriptors).unwrap_or_default().file;
    let mut methods = Vec::new();
    for file in &files {
        for service in &file.service {
            let name: &'static str = String::leak(format!("{}.{}", file.package(), service.name()));
            methods.extend(service.method.iter().map(|method| {
                let has_stream = method.client_streaming() || method.server_streaming();
                MethodInfo::new(name, String::leak(method.name().to_owned()), has_stream)
            }));
        }
    }
    methods
}

/// What is known of the method with this path; one entry stands for all unknown ones.
pub(crate) fn method_info(path: &str) -> &'static MethodInfo {
    METHODS.get(path).unwrap_or_else(|| LazyLock::force(&UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_methods_keep_their_names_and_all_others_share_one() {
        let check = method_info("/grpc.health.v1.Health/Check");
        assert_eq!((check.service, check.method, check.has_stream), ("grpc.health.v1.Health", "Check", false));
        assert!(check.always_admitted);
        assert!(method_info("/grpc.health.v1.Health/Watch").has_stream);
        assert_eq!(method_info("/x.Y/Z").path, "unknown");
    }

    #[test]
    fn the_contracts_are_known() {
        assert!(METHODS.keys().any(|path| path.starts_with("/backorder.inventory.v1.")));
    }
}
