//! What an attempt needs to know of an activity, and how it runs the body.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Ident, spanned::Spanned};

use super::{Execution, Expansion, hidden, located};
use crate::model::Role;

impl Expansion<'_> {
    /// What an attempt needs to know, and how it runs the body.
    pub(super) fn activity(&self) -> TokenStream {
        let private = &self.private;
        let marker = &self.place.marker;
        let context = self.context();
        let assumed = self.assumed();
        let instance = self.instance_type();
        let attempt = self.attempt();
        quote! {
            impl #private::Activity for #marker #assumed {
                type Instance = #instance;
                type Context = #context;

                #attempt
            }
        }
    }

    pub(super) fn state(&self) -> TokenStream {
        let private = &self.private;
        let state = self.parameters.iter().find_map(|parameter| match parameter.role {
            Role::Checkpoint(state) => state,
            _ => None,
        });
        state.map_or_else(|| quote!(#private::NoCheckpoint), |state| quote!(#state))
    }

    pub(super) fn context(&self) -> TokenStream {
        let private = &self.private;
        let context = self.parameters.iter().any(|it| matches!(it.role, Role::Context));
        if context { quote!(#private::ActivityContext) } else { quote!(#private::NoContext) }
    }

    pub(super) fn takes(&self) -> TokenStream {
        let private = &self.private;
        let handles = self.parameters.iter().filter_map(|parameter| match parameter.role {
            Role::Checkpoint(_) => Some(quote!(.checkpoint())),
            Role::Cancellation => Some(quote!(.cancellation())),
            Role::Context => Some(quote!(.context())),
            Role::Attempt | Role::Input => None,
        });
        quote!(#private::Takes::NOTHING #(#handles)*)
    }

    /// Has the body run by an engine.
    pub(super) fn attempt(&self) -> TokenStream {
        let private = &self.private;
        let (engine, context, input) = (hidden("engine"), hidden("context"), hidden("input"));
        let run = if self.wrong.is_some() { quote!(loop {}) } else { self.run_by(&engine) };
        let instance =
            if self.place.takes_instance { self.instance_argument() } else { quote!((): ()) };
        quote! {
            fn attempt(
                #engine: #private::Engine,
                #instance,
                #context: Self::Context,
                #input: Self::Input,
            ) -> #private::BoxFuture<
                ::core::result::Result<Self::Output, #private::ActivityError>,
            > {
                #run
            }
        }
    }

    fn run_by(&self, engine: &Ident) -> TokenStream {
        let (private, handles) = (&self.private, hidden("handles"));
        let (takes, state) = (self.takes(), self.state());
        let (function, body) = if self.function.is_async() {
            let Execution { function, call } = self.start();
            (function, quote!(#private::started(#call)))
        } else {
            let (unpack, call) = self.call_with_handles();
            let told = quote!(::core::clone::Clone::clone(&#handles.cancellation));
            (TokenStream::new(), quote!(#unpack #private::blocking_body(#told, move || #call)))
        };
        quote! {
            #function
            #engine.run::<#state, _>(#takes, ::std::boxed::Box::new(move |#handles| { #body }))
        }
    }

    /// Calls the body with the handles and the inputs in their places, after taking the input apart.
    pub(super) fn call_with_handles(&self) -> (TokenStream, TokenStream) {
        let (handles, context) = (hidden("handles"), hidden("context"));
        let (unpack, inputs) = self.unpack(&hidden("input"));
        let mut inputs = inputs.iter();
        let arguments = self.parameters.iter().map(|parameter| {
            let argument = match parameter.role {
                Role::Checkpoint(_) => quote!(#handles.checkpoint),
                Role::Cancellation => quote!(#handles.cancellation),
                Role::Attempt => quote!(#handles.attempt),
                Role::Context => quote!(#context),
                Role::Input => inputs.next().map_or_else(TokenStream::new, |input| quote!(#input)),
            };
            // Where a type of the user's has the name of a handle, the compiler says so at that type.
            located(argument, parameter.ty.span())
        });
        let call = self.call_body(arguments);
        (unpack, call)
    }

    /// Takes the SDK's input apart, into these variables.
    pub(super) fn unpack(&self, input: &Ident) -> (TokenStream, Vec<Ident>) {
        let private = &self.private;
        let count = self.inputs().len();
        let inputs: Vec<Ident> = (0..count).map(|it| hidden(&format!("input_{it}"))).collect();
        match inputs.as_slice() {
            [] => (TokenStream::new(), inputs),
            [_] => (TokenStream::new(), vec![input.clone()]),
            names => {
                let tuple = format_ident!("MultiArgs{}", names.len());
                (quote!(let #private::#tuple(#(#names),*) = #input;), inputs)
            }
        }
    }

    /// Calls the plain body, the instance first where it takes one.
    ///
    /// What the compiler says of the future, it says at the function's name.
    pub(super) fn call_body(&self, arguments: impl Iterator<Item = TokenStream>) -> TokenStream {
        let body = &self.place.body;
        let instance = self.place.takes_instance.then(|| {
            let instance = hidden("instance");
            quote!(#instance)
        });
        let arguments = instance.into_iter().chain(arguments);
        let span = self.function.signature.ident.span();
        quote_spanned!(span=> #body(#(#arguments),*))
    }

    pub(super) fn instance_argument(&self) -> TokenStream {
        let (instance, implementer) = (hidden("instance"), &self.place.implementer);
        quote!(#instance: ::std::sync::Arc<#implementer>)
    }
}
