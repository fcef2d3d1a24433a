//! The activities of an `impl` block, laid out as the SDK's own macro does it: a module with one
//! unit struct a method, a constant of the method's name for each, and the body under a name of its own.

use std::slice;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Ident, Path, VisRestricted, Visibility, ext::IdentExt};

use super::{
    Execution, Expansion, Place, hidden, private_path, registration, registration_traits, types,
    unlinted,
};
use crate::{
    attr::Keys,
    block::{Block, Item, unit_struct_name},
    check::Kind,
    model::{Function, Parameter},
};

/// One activity of a block.
pub(crate) struct BlockActivity<'a> {
    pub(crate) kind: Kind,
    pub(crate) keys: Keys,
    pub(crate) function: &'a Function,
    pub(crate) parameters: Vec<Parameter<'a>>,
    /// What is wrong with the method, in the place of a type.
    pub(crate) wrong: Option<TokenStream>,
}

/// The whole of what `#[activities]` puts in the place of a block.
pub(crate) fn expand_block(
    block: &Block,
    activities: &[BlockActivity<'_>],
    crate_path: &Path,
) -> TokenStream {
    let private = private_path(crate_path);
    let module = module_name(&block.type_name().unwrap_or_default());
    let expansions: Vec<Expansion<'_>> =
        activities.iter().map(|activity| activity.expansion(block, &module, &private)).collect();
    let own_type = &block.head.self_ty;
    let constants = expansions.iter().map(|it| it.under_cfgs(&[it.constant()]));
    let unit_structs = expansions.iter().map(|it| it.under_cfgs(&[it.nested_unit_struct()]));
    let body = |item| body(item, &expansions);
    let bodies = block.with_items(&block.items.iter().map(body).collect());
    let mut items =
        vec![quote!(impl #own_type { #(#constants)* }), quote!(mod #module { #(#unit_structs)* })];
    for (expansion, activity) in expansions.iter().zip(activities) {
        let of_method = expansion.method_items(activity.kind);
        items.extend(of_method.iter().map(|item| expansion.under_cfgs(slice::from_ref(item))));
    }
    items.push(types::checks(&[types::Need::of_instance(own_type, &private)]));
    items.push(block_implementer(block, &expansions, &private));
    let cfgs = block.cfgs();
    let items = items.iter().filter(|item| !item.is_empty()).map(|item| quote!(#(#cfgs)* #item));
    [bodies].into_iter().chain(items).collect()
}

/// A method as it stays in the block: the activities' bodies step aside for their markers.
fn body(item: &Item, expansions: &[Expansion<'_>]) -> TokenStream {
    let function = match item {
        Item::Other(other) => return other.clone(),
        Item::Activity(method) => &method.function,
    };
    let is_this = |expansion: &&Expansion<'_>| std::ptr::eq(expansion.function, function);
    // Where it is the second of its name, which has been said, nothing is left of it.
    let Some(expansion) = expansions.iter().find(is_this) else { return TokenStream::new() };
    let Function { attributes, visibility, .. } = function;
    let body = expansion.body();
    let mut signature = expansion.signature();
    signature.ident = unlinted(&body_name(&signature.ident));
    let (cfgs, lints) = (&attributes.cfgs, attributes.lints_of_body());
    let others = attributes.others(&function.name());
    quote! {
        #(#cfgs)*
        // Its documentation is on the constant, and it is called as the SDK calls an activity.
        #[doc(hidden)]
        #[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, clippy::unused_async)]
        #lints
        #others
        #visibility #signature #body
    }
}

/// More than twice as long as what people call, so that the compiler does not offer it for that:
/// `self.greet()` is answered with nothing that they are not to call.
fn body_name(method: &Ident) -> Ident {
    let name = method.unraw();
    Ident::new(&format!("__{name}_body_of_{name}"), method.span())
}

/// What the worker registers for an instance of the block's type.
fn block_implementer(
    block: &Block,
    expansions: &[Expansion<'_>],
    private: &TokenStream,
) -> TokenStream {
    let own_type = &block.head.self_ty;
    let registrations = expansions.iter().filter(|it| it.wrong.is_none()).map(|expansion| {
        let (cfgs, marker) = (&expansion.function.attributes.cfgs, &expansion.place.marker);
        let register = registration(marker, private);
        quote!(#(#cfgs)* #register)
    });
    let traits = registration_traits(private);
    quote! {
        impl #private::ActivityImplementer for #own_type {
            fn register_all(
                self: ::std::sync::Arc<Self>,
                __autobeat_definitions: &mut #private::ActivityDefinitions,
            ) {
                #traits
                #(#registrations)*
            }
        }
    }
}

impl<'a> BlockActivity<'a> {
    fn expansion(
        &'a self,
        block: &'a Block,
        module: &Ident,
        private: &TokenStream,
    ) -> Expansion<'a> {
        let own_type = &block.head.self_ty;
        let method = &self.function.signature.ident;
        let (unit_struct, body) = (unit_struct_name(method), body_name(method));
        let type_name = block.type_name().unwrap_or_default();
        let body = quote_spanned!(method.span()=> <#own_type>::#body);
        let place = Place {
            own_type: Some(own_type),
            marker: quote!(#module::#unit_struct),
            implementer: own_type.to_token_stream(),
            body,
            takes_instance: self.function.receiver().is_some(),
            default_name: format!("{type_name}::{}", self.function.name()),
        };
        Expansion {
            keys: &self.keys,
            function: self.function,
            parameters: &self.parameters,
            private: private.clone(),
            place,
            wrong: self.wrong.as_ref(),
        }
    }
}

impl Expansion<'_> {
    /// The constant that people name.
    fn constant(&self) -> TokenStream {
        let Function { attributes, visibility, signature, .. } = self.function;
        let (docs, deprecated) = (&attributes.docs, attributes.deprecated.iter());
        let lints = attributes.lints_of_marker();
        let (name, marker) = (unlinted(&signature.ident), &self.place.marker);
        quote! {
            #(#docs)*
            #(#deprecated)*
            #lints
            #visibility const #name: #marker = #marker;
        }
    }

    fn nested_unit_struct(&self) -> TokenStream {
        let docs = &self.function.attributes.docs;
        let name = unit_struct_name(&self.function.signature.ident);
        let visibility = one_level_up(&self.function.visibility);
        quote! {
            #(#docs)*
            #visibility struct #name;
        }
    }

    /// Everything that hangs on the unit struct.
    fn method_items(&self, kind: Kind) -> Vec<TokenStream> {
        let mut items = vec![self.checks(), self.definition()];
        if kind == Kind::PlainMethod {
            items.extend([
                self.as_in_the_sdk(),
                self.executable(self.execute_plainly(), &self.assumed()),
            ]);
        } else {
            let attempt = self.execute_attempt();
            items.extend([self.with_keys(), self.declared(), self.activity()]);
            items.push(self.executable(attempt, &self.assumed_to_run()));
        }
        items
    }

    /// What the SDK gives a marker: its name, and the body with the SDK's parameters.
    fn as_in_the_sdk(&self) -> TokenStream {
        let private = &self.private;
        let marker = &self.place.marker;
        let (context, input) = (hidden("context"), hidden("input"));
        let (unpack, inputs) = self.unpack(&input);
        let has_input = !inputs.is_empty();
        let instance = self.place.takes_instance.then(|| self.instance_argument()).into_iter();
        let context_argument = quote!(#context: #private::ActivityContext);
        let input_type = self.input_type();
        let input_argument = has_input.then(|| quote!(#input: #input_type)).into_iter();
        let arguments = instance.chain([context_argument]).chain(input_argument);
        let inputs = inputs.iter().map(|input| quote!(#input));
        let call = self.call_body([quote!(#context)].into_iter().chain(inputs));
        let (asyncness, output) = (&self.function.signature.asyncness, self.output());
        let wait = asyncness.map(|_| quote!(.await));
        let (unpack, result) = if self.wrong.is_some() {
            (TokenStream::new(), quote!(loop {}))
        } else if self.function.output().is_some() {
            (unpack, quote!(#private::ActivityReturn::into_result(#call #wait)))
        } else {
            (unpack, quote!(#call #wait; ::core::result::Result::Ok(())))
        };
        let (assumed, run) = (self.assumed_to_return(), unlinted(&format_ident!("run")));
        let name = self.name_method();
        quote! {
            impl #marker {
                #name

                /// Runs the plain body.
                #[allow(clippy::missing_errors_doc)]
                pub #asyncness fn #run(
                    self,
                    #(#arguments),*
                ) -> ::core::result::Result<#output, #private::ActivityError> #assumed {
                    #unpack
                    #result
                }
            }
        }
    }

    /// Runs the plain body as the SDK does: nothing else happens.
    fn execute_plainly(&self) -> Execution {
        let private = &self.private;
        if self.function.is_async() && self.wrong.is_none() {
            let Execution { function, call } = self.start();
            let has_output = self.function.output().is_some();
            let started = if has_output { quote!(started) } else { quote!(started_without_output) };
            return Execution { function, call: quote!(#private::#started(#call)) };
        }
        let instance = self.place.takes_instance.then(|| hidden("instance")).into_iter();
        let (context, input) = (hidden("context"), hidden("input"));
        let input = (!self.inputs().is_empty()).then(|| quote!(#input)).into_iter();
        let arguments = instance.map(|it| quote!(#it)).chain([quote!(#context)]).chain(input);
        quote!(#private::execute_blocking(move || Self.run(#(#arguments),*))).into()
    }

    /// What a marker with keys of ours has: its name, the plain body, its options.
    fn with_keys(&self) -> TokenStream {
        let marker = &self.place.marker;
        let (name, options) = (self.name_method(), self.options());
        let Function { visibility, signature, .. } = self.function;
        let asyncness = &signature.asyncness;
        let wait = asyncness.map(|_| quote!(.await));
        let names: Vec<Ident> =
            (0..self.parameters.len()).map(|it| hidden(&format!("argument_{it}"))).collect();
        let types = self.parameters.iter().map(|parameter| match self.wrong {
            Some(wrong) => wrong.clone(),
            None => parameter.ty.to_token_stream(),
        });
        let instance = self.place.takes_instance.then(|| self.instance_argument()).into_iter();
        let arguments =
            instance.chain(names.iter().zip(types).map(|(name, ty)| quote!(#name: #ty)));
        let call = self.call_body(names.iter().map(|name| quote!(#name)));
        let call_method = unlinted(&format_ident!("call"));
        let (output, call) = match self.wrong {
            Some(wrong) => (quote!(-> #wrong), quote!(loop {})),
            None => (signature.output.to_token_stream(), quote!(#call #wait)),
        };
        quote! {
            impl #marker {
                #name

                /// Runs the plain body, without a heartbeat; its errors are the body's.
                #[allow(clippy::missing_errors_doc, clippy::too_many_arguments)]
                #visibility #asyncness fn #call_method(self, #(#arguments),*) #output {
                    #call
                }

                #options
            }
        }
    }

    fn name_method(&self) -> TokenStream {
        let (name, method) = (self.activity_name(), unlinted(&format_ident!("name")));
        quote! {
            /// The name under which the activity runs.
            #[must_use]
            pub fn #method(&self) -> &::core::primitive::str {
                #name
            }
        }
    }
}

/// `Greeter` becomes `greeter`, `HTTPServer` becomes `h_t_t_p_server`: the SDK's way.
fn module_name(type_name: &str) -> Ident {
    let mut name = String::new();
    for (index, character) in type_name.chars().enumerate() {
        if character.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.extend(character.to_lowercase());
    }
    // A type such as `Match` would make a keyword.
    syn::parse_str(&name).unwrap_or_else(|_| format_ident!("{name}_"))
}

/// A visibility as it is written one module further in.
fn one_level_up(visibility: &Visibility) -> Visibility {
    let Visibility::Restricted(VisRestricted { path, .. }) = visibility else {
        return match visibility {
            Visibility::Inherited => syn::parse_quote!(pub(super)),
            other => other.clone(),
        };
    };
    match path.segments.first() {
        Some(first) if first.ident == "self" => syn::parse_quote!(pub(super)),
        Some(first) if first.ident == "super" => syn::parse_quote!(pub(in super::#path)),
        _ => visibility.clone(),
    }
}
