//! The generated code. Only quotes: whatever can be wrong was found before.
//!
//! What every activity gets, wherever it stands, is here and in [`body`]; [`function`] and [`block`] add
//! what belongs to one place, and [`types`] what is asked of the types that were written. Of a function
//! that is wrong all that can be known is made, so that whoever uses it finds it: the types that are
//! not known are the error itself.

mod block;
mod body;
mod function;
mod options;
mod start;
mod types;

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Expr, Ident, Path, Type, spanned::Spanned};

use self::options::declared_options;
pub(crate) use self::{
    block::{BlockActivity, expand_block},
    function::expand_function,
};
use crate::{
    attr::Keys,
    model::{Function, Parameter},
};

/// Everything that one activity is expanded from.
struct Expansion<'a> {
    keys: &'a Keys,
    function: &'a Function,
    parameters: &'a [Parameter<'a>],
    private: TokenStream,
    place: Place<'a>,
    /// What is wrong with the function, in the place of a type.
    wrong: Option<&'a TokenStream>,
}

/// What differs between a function and a method.
struct Place<'a> {
    /// The type of a block.
    own_type: Option<&'a Type>,
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

/// How something is run: a call, and the function of its own that it may need.
struct Execution {
    function: TokenStream,
    call: TokenStream,
}

impl From<TokenStream> for Execution {
    fn from(call: TokenStream) -> Self {
        Self { function: TokenStream::new(), call }
    }
}

fn private_path(crate_path: &Path) -> TokenStream {
    quote!(#crate_path::__private)
}

/// Registers an activity that may be wrong, which this does not say again: see the runtime.
///
/// The method is called as no user's is, which a trait for all types would bring into scope.
fn registration(marker: &TokenStream, private: &TokenStream) -> TokenStream {
    let registration = quote!((&#private::Registration::<#marker>::OF));
    quote!(#registration.__autobeat_register(&self, __autobeat_definitions);)
}

/// The traits that have it.
fn registration_traits(private: &TokenStream) -> TokenStream {
    quote!(use #private::{IsRefused as _, Registers as _};)
}

/// A name of ours for a binding.
///
/// A binding that is called like a constant, a static or an activity of the module would mean that one,
/// whatever its hygiene. So these begin with `__autobeat_`, as no name of a user's does.
fn hidden(name: &str) -> Ident {
    format_ident!("__autobeat_{name}", span = Span::mixed_site())
}

/// A name that people write, of an item that lints are not to look at: a marker has its function's
/// name, whatever the style of names for what it becomes.
fn unlinted(name: &Ident) -> Ident {
    let mut name = name.clone();
    name.set_span(Span::mixed_site().located_at(name.span()));
    name
}

/// Tokens as they mean, at another place: where an error about them is to be shown.
fn located(tokens: TokenStream, place: Span) -> TokenStream {
    let located = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), located(group.stream(), place)).into();
        }
        token.set_span(token.span().located_at(place));
        token
    });
    located.collect()
}

impl Expansion<'_> {
    fn inputs(&self) -> Vec<&Type> {
        self.parameters.iter().filter(|it| it.role.is_input()).map(|it| it.ty).collect()
    }

    /// What the declared return type completes with; nothing is declared for `()`.
    fn output(&self) -> TokenStream {
        let private = &self.private;
        match (self.wrong, self.function.written_output(), self.function.output()) {
            (Some(wrong), ..) => wrong.clone(),
            // As it was written: a path through a trait would show the error's type, which may be
            // private, in what everybody sees.
            (None, Some(output), _) => output.to_token_stream(),
            (None, None, Some(alias)) => quote!(<#alias as #private::ActivityReturn>::Output),
            (None, None, None) => quote!(()),
        }
    }

    /// The options with which a workflow schedules the activity or a client starts it, for which there
    /// must be a close timeout: the server takes none without.
    fn options(&self) -> TokenStream {
        let private = &self.private;
        let visibility = &self.function.visibility;
        let refused = self.refuses_options();
        let options = unlinted(&format_ident!("options"));
        let start_options = unlinted(&format_ident!("start_options"));
        let (task_queue, id) = (hidden("task_queue"), hidden("id"));
        quote! {
            /// The options with which a workflow schedules this activity as it was declared.
            #[must_use]
            #visibility fn #options(&self) -> #private::ActivityOptions #refused {
                #private::activity_options(<Self as #private::Declared>::OPTIONS)
            }

            /// The options with which a client starts this activity as it was declared, without a
            /// workflow, on a task queue and under an id.
            #[must_use]
            #visibility fn #start_options(
                &self,
                #task_queue: impl ::core::convert::Into<::std::string::String>,
                #id: impl ::core::convert::Into<::std::string::String>,
            ) -> #private::ActivityStartOptions #refused {
                #private::activity_start_options(
                    <Self as #private::Declared>::OPTIONS,
                    ::core::convert::Into::into(#task_queue),
                    ::core::convert::Into::into(#id),
                )
            }
        }
    }

    /// The clause that nothing fulfils, where there is no close timeout.
    fn refuses_options(&self) -> Option<TokenStream> {
        let private = &self.private;
        (!self.keys.have_close_timeout() && !self.keys.are_incomplete)
            .then(|| quote!(where for<'a> Self: #private::DeclaresCloseTimeout<'a>))
    }

    /// What the attribute says.
    fn declared(&self) -> TokenStream {
        let private = &self.private;
        let marker = &self.place.marker;
        let options = declared_options(self.keys, private);
        // Who is refused the options has used them all the same.
        let refused = self.refuses_options().map(|refused| {
            quote! {
                fn refused(&self) -> #private::ActivityOptions #refused {
                    let _ = self.start_options("", "");
                    self.options()
                }
            }
        });
        quote! {
            impl #private::Declared for #marker {
                const OPTIONS: #private::Options = #options;

                #refused
            }
        }
    }

    /// What a workflow sees.
    fn definition(&self) -> TokenStream {
        let private = &self.private;
        let marker = &self.place.marker;
        let (input, output) = (self.input_type(), self.output());
        // Where a type is private, the compiler says so at these words: they stand at the inputs.
        let (inputs, outputs) = (self.inputs(), self.function.written_output());
        let input = types::associated("Input", inputs.first().zip(inputs.last()), &input);
        let output = types::associated("Output", outputs.as_ref().zip(outputs.as_ref()), &output);
        let assumed = types::assumed(&self.public_needs());
        let name = match (self.keys.definition.value(), self.wrong) {
            (Some(definition), None) => {
                let private = located(private.clone(), definition.span());
                // The method's own, although the definition may come from a macro, where no `self` is.
                let this = located(quote!(self), definition.span());
                quote_spanned!(definition.span()=> #private::definition_name(#this, &#definition))
            }
            _ => self.activity_name(),
        };
        quote! {
            impl #private::ActivityDefinition for #marker #assumed {
                #input
                #output

                fn name(&self) -> &::core::primitive::str {
                    #name
                }
            }
        }
    }

    fn activity_name(&self) -> TokenStream {
        let private = &self.private;
        if let Some(definition) = self.keys.definition.value() {
            quote!(#private::ActivityDefinition::name(&#definition))
        } else if let Some(name) = self.keys.name.value() {
            if let Expr::Lit(literal) = name {
                quote!(#literal)
            } else {
                // As an argument, since not every expression can stand alone in a body.
                quote!(::core::convert::identity::<&::core::primitive::str>(#name))
            }
        } else {
            let name = &self.place.default_name;
            quote!(#name)
        }
    }

    /// The SDK's type for this many inputs.
    fn input_type(&self) -> TokenStream {
        let private = &self.private;
        if let Some(wrong) = self.wrong {
            return wrong.clone();
        }
        match self.inputs().as_slice() {
            [] => quote!(()),
            [input] => quote!(#input),
            inputs => {
                let tuple = format_ident!("MultiArgs{}", inputs.len());
                quote!(#private::#tuple<#(#inputs),*>)
            }
        }
    }

    /// How the SDK runs it.
    fn executable(&self, execution: Execution, assumed: &TokenStream) -> TokenStream {
        let private = &self.private;
        let Place { marker, implementer, takes_instance, .. } = &self.place;
        let (instance, context, input) = (hidden("instance"), hidden("context"), hidden("input"));
        let unwrap = (*takes_instance && self.wrong.is_none())
            .then(|| quote!(let #instance = #private::instance(#instance);));
        let execution = if self.wrong.is_some() { quote!(loop {}).into() } else { execution };
        let Execution { function, call } = execution;
        quote! {
            impl #private::ExecutableActivity for #marker #assumed {
                type Implementer = #implementer;
                const REQUIRES_INSTANCE: ::core::primitive::bool = #takes_instance;

                fn definition() -> Self {
                    #marker
                }

                fn execute(
                    #instance: ::core::option::Option<::std::sync::Arc<#implementer>>,
                    #context: #private::ActivityContext,
                    #input: Self::Input,
                ) -> #private::BoxFuture<
                    ::core::result::Result<Self::Output, #private::ActivityError>,
                > {
                    #function
                    #unwrap
                    #call
                }
            }
        }
    }

    /// An attempt with all that our keys bring.
    fn execute_attempt(&self) -> Execution {
        let private = &self.private;
        let (context, input) = (hidden("context"), hidden("input"));
        let instance = if self.place.takes_instance {
            let instance = hidden("instance");
            quote!(#instance)
        } else {
            quote!(())
        };
        quote!(#private::execute::<Self>(#instance, #context, #input)).into()
    }

    /// The clause that assumes that it can be run, which says of its types all that is needed.
    fn assumed_to_run(&self) -> TokenStream {
        let private = &self.private;
        if self.wrong.is_some() || self.needs_with_instance().is_empty() {
            return TokenStream::new();
        }
        let instance = self.instance_type();
        let own_type = self.place.own_type.into_iter();
        quote! {
            where
                for<'__autobeat> Self: #private::Runs<'__autobeat, #instance>,
                #(for<'__autobeat> #own_type: #private::ActivityInstance<'__autobeat>,)*
        }
    }

    fn instance_type(&self) -> TokenStream {
        let Place { implementer, takes_instance, .. } = &self.place;
        if *takes_instance { quote!(::std::sync::Arc<#implementer>) } else { quote!(()) }
    }

    /// Puts the function's own conditions on each item.
    fn under_cfgs(&self, items: &[TokenStream]) -> TokenStream {
        let (cfgs, silence) = (&self.function.attributes.cfgs, self.function.attributes.silence());
        let items = items.iter().filter(|item| !item.is_empty());
        items.map(|item| quote!(#(#cfgs)* #silence #item)).collect()
    }
}
