//! The function that starts an `async` body, outside of all that is assumed: see the runtime's `start`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use super::{Execution, Expansion, hidden};
use crate::model::Role;

impl Expansion<'_> {
    /// The function, and the call of it where what it is handed is there.
    pub(super) fn start(&self) -> Execution {
        let private = &self.private;
        let start = hidden("start");
        let (names, types): (Vec<Ident>, Vec<TokenStream>) = self.handed().into_iter().unzip();
        let output = self.function.output().map_or_else(|| quote!(()), |output| quote!(#output));
        let (unpack, call) = self.call_with_handles();
        let what = self.what_may_not_fit();
        // What the compiler says of the future, it says at the function's name.
        let span = self.function.signature.ident.span();
        let begin =
            quote_spanned!(span=> (&#private::Handed::<(#(#what,)*)>::OF).__autobeat_start(#call));
        Execution {
            function: quote! {
                fn #start(#(#names: #types),*) -> #private::BoxFuture<#output> {
                    use #private::{NeverStarts as _, Starts as _};
                    #unpack
                    #begin
                }
            },
            call: quote!(#start(#(#names),*)),
        }
    }

    /// What the body is handed, each with its type.
    fn handed(&self) -> Vec<(Ident, TokenStream)> {
        let (private, state) = (&self.private, self.state());
        let (implementer, input) = (&self.place.implementer, self.input_type());
        let takes = |role: fn(&Role<'_>) -> bool| self.parameters.iter().any(|it| role(&it.role));
        let takes_handles =
            takes(|role| matches!(role, Role::Checkpoint(_) | Role::Cancellation | Role::Attempt));
        let all = [
            (self.place.takes_instance, "instance", quote!(::std::sync::Arc<#implementer>)),
            (takes_handles, "handles", quote!(#private::Handles<#state>)),
            (
                takes(|role| matches!(role, Role::Context)),
                "context",
                quote!(#private::ActivityContext),
            ),
            (takes(|role| role.is_input()), "input", input),
        ];
        let present = all.into_iter().filter(|(is_there, ..)| *is_there);
        present.map(|(_, name, ty)| (hidden(name), ty)).collect()
    }

    /// The types of the user's that the future holds from its beginning.
    fn what_may_not_fit(&self) -> Vec<TokenStream> {
        let implementer = &self.place.implementer;
        let instance = self.place.takes_instance.then(|| quote!(#implementer));
        let of_parameters = self.parameters.iter().filter_map(|parameter| match parameter.role {
            Role::Checkpoint(state) => state,
            Role::Input => Some(parameter.ty),
            Role::Cancellation | Role::Attempt | Role::Context => None,
        });
        instance.into_iter().chain(of_parameters.map(|ty| quote!(#ty))).collect()
    }
}
