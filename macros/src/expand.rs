//! The generated code. Only quotes: whatever can be wrong was found before.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, Ident, Path, Type, spanned::Spanned};

use crate::{
    attr::{Choice, Grace, Keys},
    model::{Function, Parameter, Role},
};

/// Everything that one expansion is made of.
pub(crate) struct Expansion<'a> {
    keys: &'a Keys,
    function: &'a Function,
    parameters: &'a [Parameter<'a>],
    output: &'a Type,
    private: TokenStream,
}

/// The whole of what `#[activity]` puts in the place of a function.
pub(crate) fn expand(
    keys: &Keys,
    function: &Function,
    parameters: &[Parameter<'_>],
    output: &Type,
    crate_path: &Path,
) -> TokenStream {
    let private = quote!(#crate_path::__private);
    let expansion = Expansion { keys, function, parameters, output, private };
    let items = [
        expansion.marker(),
        expansion.methods(),
        expansion.definition(),
        expansion.activity(),
        expansion.executable(),
        expansion.implementer(),
        expansion.definition_check(),
    ];
    let cfgs = &function.attributes.cfgs;
    let items = items.iter().filter(|item| !item.is_empty());
    items.map(|item| quote!(#(#cfgs)* #item)).collect()
}

impl Expansion<'_> {
    fn name(&self) -> &Ident {
        &self.function.signature.ident
    }

    fn inputs(&self) -> Vec<&Type> {
        self.parameters.iter().filter(|it| it.role.is_input()).map(|it| it.ty).collect()
    }

    /// The unit struct that people name.
    fn marker(&self) -> TokenStream {
        let (name, visibility) = (self.name(), &self.function.visibility);
        let (docs, lints) = (&self.function.attributes.docs, &self.function.attributes.lints);
        quote! {
            #(#docs)*
            #(#lints)*
            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy, Debug, Default)]
            #visibility struct #name;
        }
    }

    /// What people call on it: the plain body, its name, its options.
    fn methods(&self) -> TokenStream {
        let name = self.name();
        let call = self.call();
        let options = self.options();
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

    /// Only with a close timeout: the server takes none without.
    fn options(&self) -> TokenStream {
        let Self { private, keys, .. } = self;
        let visibility = &self.function.visibility;
        let close_timeouts = ["start_to_close_timeout", "schedule_to_close_timeout"];
        if !close_timeouts.iter().any(|key| keys.mentions(key)) {
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

    fn definition(&self) -> TokenStream {
        let Self { private, output, .. } = self;
        let name = self.name();
        let input = self.input_type();
        let activity_name = self.activity_name();
        let output = quote_spanned!(output.span()=> <#output as #private::ActivityReturn>::Output);
        quote! {
            impl #private::ActivityDefinition for #name {
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
            let name = self.function.name();
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

    fn activity(&self) -> TokenStream {
        let Self { private, output, .. } = self;
        let name = self.name();
        let (options, takes) = (self.declared_options(), self.takes());
        let state = self.state();
        let context = self.context();
        let run = self.run();
        quote! {
            impl #private::Activity for #name {
                const OPTIONS: #private::Options = #options;
                const TAKES: #private::Takes = #takes;
                type Instance = ();
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
        let name = self.name();
        // Names of ours, which no user's name can meet.
        let (handles, input) = (hidden("handles"), hidden("input"));
        let fields: Vec<Ident> =
            (0..self.inputs().len()).map(|index| hidden(&format!("input_{index}"))).collect();
        let unpack = match fields.as_slice() {
            [] => quote!(let () = #input;),
            [only] => quote!(let #only = #input;),
            fields => {
                let tuple = format_ident!("MultiArgs{}", fields.len());
                quote!(let #private::#tuple(#(#fields),*) = #input;)
            }
        };
        let mut fields = fields.iter();
        let arguments = self.parameters.iter().map(|parameter| match parameter.role {
            Role::Checkpoint(_) => quote!(#handles.checkpoint),
            Role::Cancellation => quote!(#handles.cancellation),
            Role::Context => quote!(#handles.context),
            Role::Input => fields.next().map_or_else(TokenStream::new, |field| quote!(#field)),
        });
        let call = quote!(#name::call(#(#arguments),*));
        let future = if self.function.is_async() {
            call
        } else {
            quote!(#private::run_blocking(move || #call))
        };
        // Where the body is not `Send`, the error points at its name.
        let send = quote_spanned!(name.span()=> ::core::marker::Send);
        quote! {
            fn run(
                (): (),
                #handles: #private::Handles<Self::State, Self::Context>,
                #input: Self::Input,
            ) -> impl ::core::future::Future<Output = Self::Return> + #send {
                let _ = &#handles;
                #unpack
                #future
            }
        }
    }

    fn executable(&self) -> TokenStream {
        let private = &self.private;
        let name = self.name();
        quote! {
            impl #private::ExecutableActivity for #name {
                type Implementer = Self;
                const REQUIRES_INSTANCE: bool = false;

                fn definition() -> Self {
                    Self
                }

                fn execute(
                    _: ::core::option::Option<::std::sync::Arc<Self>>,
                    context: #private::ActivityContext,
                    input: Self::Input,
                ) -> #private::BoxFuture<
                    ::core::result::Result<Self::Output, #private::ActivityError>,
                > {
                    #private::execute::<Self>((), context, input)
                }
            }
        }
    }

    fn implementer(&self) -> TokenStream {
        let private = &self.private;
        let name = self.name();
        quote! {
            impl #private::ActivityImplementer for #name {
                fn register_all(
                    self: ::std::sync::Arc<Self>,
                    definitions: &mut #private::ActivityDefinitions,
                ) {
                    #private::register(self, definitions);
                }
            }
        }
    }

    /// The definition of another place must have this function's types.
    fn definition_check(&self) -> TokenStream {
        let Some(definition) = self.keys.definition.value() else { return TokenStream::new() };
        let private = &self.private;
        let name = self.name();
        quote_spanned! {definition.span()=>
            const _: fn() = #private::same_contract::<#name, #definition>;
        }
    }

    fn declared_options(&self) -> TokenStream {
        let Self { keys, private, .. } = self;
        let timeout = duration(keys.heartbeat_timeout.value().copied().unwrap_or_default());
        let durations = [
            ("heartbeat_interval", &keys.heartbeat_interval),
            ("start_to_close_timeout", &keys.start_to_close_timeout),
            ("schedule_to_close_timeout", &keys.schedule_to_close_timeout),
            ("schedule_to_start_timeout", &keys.schedule_to_start_timeout),
            ("stall_timeout", &keys.stall_timeout),
        ];
        let durations = durations.into_iter().filter_map(|(key, value)| {
            let (key, value) = (Ident::new(key, Span::call_site()), duration(*value.value()?));
            Some(quote!(.#key(#value)))
        });
        let attempts = keys.max_attempts.value().map(|count| quote!(.max_attempts(#count)));
        let cancellation_type = keys.cancellation_type.value().map(|choice| {
            let variant = variant(*choice);
            quote!(.cancellation_type(#private::CancellationType::#variant))
        });
        let grace = keys.cancel_grace.value().map(|grace| {
            let grace = match grace {
                Grace::Never => quote!(Never),
                Grace::After(after) => {
                    let after = duration(*after);
                    quote!(After(#after))
                }
            };
            quote!(.cancel_grace(#private::Grace::#grace))
        });
        let on_bad = keys.on_bad_checkpoint.value().map(|choice| {
            let variant = variant(*choice);
            quote!(.on_bad_checkpoint(#private::OnBadCheckpoint::#variant))
        });
        quote! {
            #private::Options::new(#timeout)
                #(#durations)* #attempts #cancellation_type #grace #on_bad
        }
    }
}

/// A name of ours, which no name of the user's can meet.
fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn variant(choice: Choice) -> Ident {
    let name = match choice {
        Choice::TryCancel => "TryCancel",
        Choice::WaitCancellationCompleted => "WaitCancellationCompleted",
        Choice::Abandon => "Abandon",
        Choice::Fail => "Fail",
        Choice::Restart => "Restart",
    };
    Ident::new(name, Span::call_site())
}

/// A duration, in the shortest form that is exact.
fn duration(duration: Duration) -> TokenStream {
    let path = quote!(::core::time::Duration);
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    match u64::try_from(duration.as_millis()) {
        _ if nanos == 0 => quote!(#path::from_secs(#seconds)),
        Ok(millis) if nanos % 1_000_000 == 0 => quote!(#path::from_millis(#millis)),
        _ => quote!(#path::new(#seconds, #nanos)),
    }
}
