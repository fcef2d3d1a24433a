//! A function of its own: its name becomes a unit struct, which is marker and implementer.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Ident, Path};

use super::{Expansion, Place, located, private_path, registration, registration_traits, unlinted};
use crate::{
    attr::Keys,
    model::{Function, Parameter},
};

/// The whole of what `#[activity]` puts in the place of a function.
pub(crate) fn expand_function(
    keys: &Keys,
    function: &Function,
    parameters: &[Parameter<'_>],
    crate_path: &Path,
    wrong: Option<&TokenStream>,
) -> TokenStream {
    let name = &function.signature.ident;
    let place = Place {
        own_type: None,
        marker: quote!(#name),
        implementer: quote!(Self),
        body: quote_spanned!(name.span()=> <#name>::call),
        takes_instance: false,
        default_name: function.name(),
    };
    let private = private_path(crate_path);
    let expansion = Expansion { keys, function, parameters, private, place, wrong };
    let attempt = expansion.execute_attempt();
    expansion.under_cfgs(&[
        expansion.unit_struct(),
        expansion.associated_functions(),
        expansion.checks(),
        expansion.declared(),
        expansion.definition(),
        expansion.activity(),
        expansion.executable(attempt, &expansion.assumed_to_run()),
        expansion.implementer(),
    ])
}

impl Expansion<'_> {
    /// The unit struct that people name.
    fn unit_struct(&self) -> TokenStream {
        let name = &self.place.marker;
        let visibility = &self.function.visibility;
        let attributes = &self.function.attributes;
        let (docs, deprecated) = (&attributes.docs, attributes.deprecated.iter());
        let lints = attributes.lints_of_marker();
        quote! {
            #(#docs)*
            #(#deprecated)*
            #lints
            // A type that other languages may see keeps its name: the style of Rust's types is not
            // asked of it, nor can it be forbidden to be in another.
            #[repr(C)]
            #visibility struct #name;
        }
    }

    /// What people call on it: the plain body, its options.
    fn associated_functions(&self) -> TokenStream {
        let name = &self.place.marker;
        let (call, options) = (self.call(), self.options());
        // Where the compiler advises on the body's surroundings, that is the function.
        let head = located(quote!(impl), self.function.signature.ident.span());
        quote! {
            #head #name {
                #call
                #options
            }
        }
    }

    fn call(&self) -> TokenStream {
        let Function { attributes, visibility, .. } = self.function;
        let body = self.body();
        let (lints, others) =
            (attributes.lints_of_body(), attributes.others(&self.function.name()));
        let mut signature = self.signature();
        signature.ident = unlinted(&Ident::new("call", signature.ident.span()));
        quote! {
            /// Runs the plain body, without a heartbeat; its errors are the body's.
            // An activity owns its handles, is `async` by what it is rather than by what it awaits,
            // and has its documentation on the marker.
            #[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, clippy::unused_async)]
            #lints
            #others
            #visibility #signature #body
        }
    }

    fn implementer(&self) -> TokenStream {
        let private = &self.private;
        let name = &self.place.marker;
        let right = self.wrong.is_none();
        let traits = right.then(|| registration_traits(private));
        let register = right.then(|| registration(name, private));
        quote! {
            impl #private::ActivityImplementer for #name {
                fn register_all(
                    self: ::std::sync::Arc<Self>,
                    __autobeat_definitions: &mut #private::ActivityDefinitions,
                ) {
                    #traits
                    #register
                }
            }
        }
    }
}
