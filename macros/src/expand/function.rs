//! A function of its own: its name becomes a unit struct, which is marker and implementer.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Path};

use super::{Expansion, Place, private_path};
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
) -> TokenStream {
    let name = &function.signature.ident;
    let place = Place {
        marker: quote!(#name),
        implementer: quote!(Self),
        body: quote!(#name::call),
        takes_instance: false,
        default_name: function.name(),
    };
    let private = private_path(crate_path);
    let expansion = Expansion { keys, function, parameters, private, place };
    let attempt = expansion.execute_attempt();
    expansion.under_cfgs(&[
        expansion.unit_struct(),
        expansion.associated_functions(),
        expansion.definition(),
        expansion.activity(),
        expansion.executable(&attempt),
        expansion.implementer(),
        expansion.definition_check(),
    ])
}

impl Expansion<'_> {
    /// The unit struct that people name.
    fn unit_struct(&self) -> TokenStream {
        let name = &self.place.marker;
        let visibility = &self.function.visibility;
        let (docs, lints) = (&self.function.attributes.docs, &self.function.attributes.lints);
        quote! {
            #(#docs)*
            #(#lints)*
            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy, Debug, Default)]
            #visibility struct #name;
        }
    }

    /// What people call on it: the plain body, its options.
    fn associated_functions(&self) -> TokenStream {
        let name = &self.place.marker;
        let (call, options) = (self.call(), self.options());
        quote! {
            impl #name {
                #call
                #options
            }
        }
    }

    fn call(&self) -> TokenStream {
        let Function { attributes, visibility, signature, body } = self.function;
        let (lints, others) = (&attributes.lints, &attributes.others);
        let mut signature = signature.clone();
        signature.ident = Ident::new("call", signature.ident.span());
        quote! {
            /// Runs the plain body, without a heartbeat; its errors are the body's.
            // An activity owns its handles, is `async` by what it is rather than by what it awaits,
            // and has its documentation on the marker.
            #[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, clippy::unused_async)]
            #(#lints)*
            #(#others)*
            #visibility #signature #body
        }
    }

    fn implementer(&self) -> TokenStream {
        let private = &self.private;
        let name = &self.place.marker;
        quote! {
            impl #private::ActivityImplementer for #name {
                fn register_all(
                    self: ::std::sync::Arc<Self>,
                    definitions: &mut #private::ActivityDefinitions,
                ) {
                    #private::register::<Self>(self, definitions);
                }
            }
        }
    }
}
