//! The generated code. Only quotes: whatever can be wrong was found before.
//!
//! What every activity gets, wherever it stands, is here; [`function`] and [`block`] add what
//! belongs to one place.

mod block;
mod function;
mod options;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, Ident, Path, Type, spanned::Spanned};

use self::options::declared_options;
pub(crate) use self::{
    block::{BlockActivity, expand_block},
    function::expand_function,
};
use crate::{
    attr::Keys,
    model::{Function, Parameter, Role},
};

/// Everything that one activity is expanded from.
struct Expansion<'a> {
    keys: &'a Keys,
    function: &'a Function,
    parameters: &'a [Parameter<'a>],
    private: TokenStream,
    place: Place,
}

/// What differs between a function and a method.
struct Place {
    /// The path of the unit struct that stands for the activity.
    marker: TokenStream,
    /// The type whose instance the worker holds.
    implementer: TokenStream,
    /// The path of the plain body.
    body: TokenStream,
    /// Whether the body takes the instance.
    takes_instance: bool,
    /// The name under which the activity runs where no other is written.
    default_name: String,
}

fn private_path(crate_path: &Path) -> TokenStream {
    quote!(#crate_path::__private)
}

/// A name of ours, which no name of the user's can meet.
fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

impl Expansion<'_> {
    fn inputs(&self) -> Vec<&Type> {
        self.parameters.iter().filter(|it| it.role.is_input()).map(|it| it.ty).collect()
    }

    /// What the declared return type completes with; nothing is declared for `()`.
    fn output(&self) -> TokenStream {
        let (private, output) = (&self.private, self.function.output());
        output.map_or_else(
            || quote!(()),
            |output| quote_spanned!(output.span()=> <#output as #private::ActivityReturn>::Output),
        )
    }

    /// The options with which a workflow schedules the activity, only with a close timeout: the
    /// server takes none without.
    fn options(&self) -> TokenStream {
        let private = &self.private;
        let visibility = &self.function.visibility;
        let close_timeouts = ["start_to_close_timeout", "schedule_to_close_timeout"];
        if !close_timeouts.iter().any(|key| self.keys.mentions(key)) {
            return TokenStream::new();
        }
        quote! {
            /// The options with which a workflow schedules this activity as it was declared.
            #[allow(dead_code)]
            #[must_use]
            #visibility fn options(&self) -> #private::ActivityOptions {
                #private::activity_options(<Self as #private::Activity>::OPTIONS)
            }
        }
    }

    /// What a workflow sees.
    fn definition(&self) -> TokenStream {
        let private = &self.private;
        let marker = &self.place.marker;
        let (input, output) = (self.input_type(), self.output());
        let activity_name = self.activity_name();
        quote! {
            impl #private::ActivityDefinition for #marker {
                type Input = #input;
                type Output = #output;

                fn name(&self) -> &str {
                    #activity_name
                }
            }
        }
    }

    fn activity_name(&self) -> TokenStream {
        let private = &self.private;
        if let Some(definition) = self.keys.definition.value() {
            quote!(<#definition as #private::ActivityDefinition>::name(&#definition))
        } else if let Some(name) = self.keys.name.value() {
            if let Expr::Lit(literal) = name {
                quote!(#literal)
            } else {
                // As an argument, since not every expression can stand alone in a body.
                quote!(::core::convert::identity::<&str>(#name))
            }
        } else {
            let name = &self.place.default_name;
            quote!(#name)
        }
    }

    /// The SDK's type for this many inputs.
    fn input_type(&self) -> TokenStream {
        let private = &self.private;
        match self.inputs().as_slice() {
            [] => quote!(()),
            [input] => quote!(#input),
            inputs => {
                let tuple = format_ident!("MultiArgs{}", inputs.len());
                quote!(#private::#tuple<#(#inputs),*>)
            }
        }
    }

    /// What an attempt needs to know, and how it runs the body.
    fn activity(&self) -> TokenStream {
        let private = &self.private;
        let Place { marker, implementer, takes_instance, .. } = &self.place;
        let options = declared_options(self.keys, private);
        let (takes, state, context) = (self.takes(), self.state(), self.context());
        let output = self.function.output();
        let instance =
            if *takes_instance { quote!(::std::sync::Arc<#implementer>) } else { quote!(()) };
        let run = self.run();
        quote! {
            impl #private::Activity for #marker {
                const OPTIONS: #private::Options = #options;
                const TAKES: #private::Takes = #takes;
                type Instance = #instance;
                type State = #state;
                type Context = #context;
                type Return = #output;

                #run
            }
        }
    }

    fn state(&self) -> TokenStream {
        let private = &self.private;
        let state = self.parameters.iter().find_map(|parameter| match parameter.role {
            Role::Checkpoint(state) => state,
            _ => None,
        });
        state.map_or_else(|| quote!(#private::NoCheckpoint), |state| quote!(#state))
    }

    fn context(&self) -> TokenStream {
        let private = &self.private;
        let context = self.parameters.iter().find(|it| matches!(it.role, Role::Context));
        context.map_or_else(
            || quote!(#private::NoContext),
            |parameter| {
                let ty = parameter.ty;
                quote!(#ty)
            },
        )
    }

    fn takes(&self) -> TokenStream {
        let private = &self.private;
        let handles = self.parameters.iter().filter_map(|parameter| match parameter.role {
            Role::Checkpoint(_) => Some(quote!(.checkpoint())),
            Role::Cancellation => Some(quote!(.cancellation())),
            Role::Context => Some(quote!(.context())),
            Role::Input => None,
        });
        quote!(#private::Takes::NOTHING #(#handles)*)
    }

    /// Calls the body with the handles and the inputs in their places.
    fn run(&self) -> TokenStream {
        let private = &self.private;
        let (handles, input) = (hidden("handles"), hidden("input"));
        let (unpack, inputs) = self.unpack(&input);
        let mut inputs = inputs.iter();
        let arguments = self.parameters.iter().map(|parameter| match parameter.role {
            Role::Checkpoint(_) => quote!(#handles.checkpoint),
            Role::Cancellation => quote!(#handles.cancellation),
            Role::Context => quote!(#handles.context),
            Role::Input => inputs.next().map_or_else(TokenStream::new, |input| quote!(#input)),
        });
        let call = self.call_body(arguments);
        let future = if self.function.is_async() {
            call
        } else {
            quote!(#private::run_blocking(move || #call))
        };
        let instance =
            if self.place.takes_instance { self.instance_argument() } else { quote!((): ()) };
        // Where the body is not `Send`, the error points at its name.
        let name = &self.function.signature.ident;
        let send = quote_spanned!(name.span()=> ::core::marker::Send);
        quote! {
            fn run(
                #instance,
                #handles: #private::Handles<Self::State, Self::Context>,
                #input: Self::Input,
            ) -> impl ::core::future::Future<Output = Self::Return> + #send {
                let _ = &#handles;
                #unpack
                #future
            }
        }
    }

    /// Takes the SDK's input apart, into these variables.
    fn unpack(&self, input: &Ident) -> (TokenStream, Vec<Ident>) {
        let private = &self.private;
        let count = self.inputs().len();
        let inputs: Vec<Ident> = (0..count).map(|it| hidden(&format!("input_{it}"))).collect();
        let unpack = match inputs.as_slice() {
            [] => quote!(let () = #input;),
            [only] => quote!(let #only = #input;),
            inputs => {
                let tuple = format_ident!("MultiArgs{}", inputs.len());
                quote!(let #private::#tuple(#(#inputs),*) = #input;)
            }
        };
        (unpack, inputs)
    }

    /// Calls the plain body, the instance first where it takes one.
    fn call_body(&self, arguments: impl Iterator<Item = TokenStream>) -> TokenStream {
        let body = &self.place.body;
        let instance = self.place.takes_instance.then(|| {
            let instance = hidden("instance");
            quote!(#instance)
        });
        let arguments = instance.into_iter().chain(arguments);
        quote!(#body(#(#arguments),*))
    }

    fn instance_argument(&self) -> TokenStream {
        let (instance, implementer) = (hidden("instance"), &self.place.implementer);
        quote!(#instance: ::std::sync::Arc<#implementer>)
    }

    /// How the SDK runs it.
    fn executable(&self, execute: &TokenStream) -> TokenStream {
        let private = &self.private;
        let Place { marker, implementer, takes_instance, .. } = &self.place;
        let instance = hidden("instance");
        let (receiver, unwrap) = if *takes_instance {
            (quote!(#instance), quote!(let #instance = #private::instance(#instance);))
        } else {
            (quote!(_), TokenStream::new())
        };
        quote! {
            impl #private::ExecutableActivity for #marker {
                type Implementer = #implementer;
                const REQUIRES_INSTANCE: bool = #takes_instance;

                fn definition() -> Self {
                    Self
                }

                fn execute(
                    #receiver: ::core::option::Option<::std::sync::Arc<#implementer>>,
                    context: #private::ActivityContext,
                    input: Self::Input,
                ) -> #private::BoxFuture<
                    ::core::result::Result<Self::Output, #private::ActivityError>,
                > {
                    #unwrap
                    #execute
                }
            }
        }
    }

    /// An attempt with all that our keys bring.
    fn execute_attempt(&self) -> TokenStream {
        let private = &self.private;
        let instance = if self.place.takes_instance {
            let instance = hidden("instance");
            quote!(#instance)
        } else {
            quote!(())
        };
        // Where the return type does not fit, the error points at it.
        let span = self.function.output().map_or_else(Span::call_site, Spanned::span);
        quote_spanned!(span=> #private::execute::<Self>(#instance, context, input))
    }

    /// The definition of another place must have this activity's types.
    fn definition_check(&self) -> TokenStream {
        let Some(definition) = self.keys.definition.value() else { return TokenStream::new() };
        let private = &self.private;
        let marker = &self.place.marker;
        quote_spanned! {definition.span()=>
            const _: fn() = #private::same_contract::<#marker, #definition>;
        }
    }

    /// Puts the function's own conditions on each item.
    fn under_cfgs(&self, items: &[TokenStream]) -> TokenStream {
        let cfgs = &self.function.attributes.cfgs;
        let items = items.iter().filter(|item| !item.is_empty());
        items.map(|item| quote!(#(#cfgs)* #item)).collect()
    }
}
