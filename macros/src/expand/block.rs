//! The activities of an `impl` block, laid out as the SDK's own macro does it: a module with one
//! unit struct a method, a constant of the method's name for each, and the body under `__name`.

use std::slice;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Ident, Path, VisRestricted, Visibility, ext::IdentExt};

use super::{Expansion, Place, hidden, private_path};
use crate::{
    attr::Keys,
    block::{Block, Item},
    check::Kind,
    model::{Function, Parameter},
};

/// One activity of a block.
pub(crate) struct BlockActivity<'a> {
    pub(crate) kind: Kind,
    pub(crate) keys: Keys,
    pub(crate) function: &'a Function,
    pub(crate) parameters: Vec<Parameter<'a>>,
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
    let bodies = block.with_items(&block.items.iter().map(|it| body(it, activities)).collect());
    let mut items =
        vec![quote!(impl #own_type { #(#constants)* }), quote!(mod #module { #(#unit_structs)* })];
    for (expansion, activity) in expansions.iter().zip(activities) {
        let of_method = expansion.method_items(activity.kind);
        items.extend(of_method.iter().map(|item| expansion.under_cfgs(slice::from_ref(item))));
    }
    items.push(block_implementer(block, &expansions, &private));
    let cfgs = block.cfgs();
    let items = items.iter().filter(|item| !item.is_empty()).map(|item| quote!(#(#cfgs)* #item));
    [bodies].into_iter().chain(items).collect()
}

/// A method as it stays in the block: the activities' bodies step aside for their markers.
fn body(item: &Item, activities: &[BlockActivity<'_>]) -> TokenStream {
    let function = match item {
        Item::Other(other) => return other.clone(),
        Item::Activity(method) => &method.function,
    };
    if !activities.iter().any(|activity| std::ptr::eq(activity.function, function)) {
        // Something is wrong with it, which has been said.
        return function.to_token_stream();
    }
    let Function { attributes, visibility, signature, body } = function;
    let mut signature = signature.clone();
    signature.ident = body_name(&signature.ident);
    let (cfgs, lints, others) = (&attributes.cfgs, &attributes.lints, &attributes.others);
    quote! {
        #(#cfgs)*
        // Its documentation is on the constant, and it is called as the SDK calls an activity.
        #[doc(hidden)]
        #[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, clippy::unused_async)]
        #(#lints)*
        #(#others)*
        #visibility #signature #body
    }
}

fn body_name(method: &Ident) -> Ident {
    Ident::new(&format!("__{}", method.unraw()), method.span())
}

/// What the worker registers for an instance of the block's type.
fn block_implementer(
    block: &Block,
    expansions: &[Expansion<'_>],
    private: &TokenStream,
) -> TokenStream {
    let own_type = &block.head.self_ty;
    let registrations = expansions.iter().map(|expansion| {
        let (cfgs, marker) = (&expansion.function.attributes.cfgs, &expansion.place.marker);
        quote! {
            #(#cfgs)*
            #private::register::<#marker>(::std::sync::Arc::clone(&self), definitions);
        }
    });
    quote! {
        impl #private::ActivityImplementer for #own_type {
            fn register_all(
                self: ::std::sync::Arc<Self>,
                definitions: &mut #private::ActivityDefinitions,
            ) {
                #(#registrations)*
            }
        }
    }
}

impl<'a> BlockActivity<'a> {
    fn expansion(&'a self, block: &Block, module: &Ident, private: &TokenStream) -> Expansion<'a> {
        let own_type = &block.head.self_ty;
        let method = &self.function.signature.ident;
        let (unit_struct, body) = (unit_struct_name(method), body_name(method));
        let type_name = block.type_name().unwrap_or_default();
        let place = Place {
            marker: quote!(#module::#unit_struct),
            implementer: own_type.to_token_stream(),
            body: quote!(<#own_type>::#body),
            takes_instance: self.function.receiver().is_some(),
            default_name: format!("{type_name}::{}", self.function.name()),
        };
        Expansion {
            keys: &self.keys,
            function: self.function,
            parameters: &self.parameters,
            private: private.clone(),
            place,
        }
    }
}

impl Expansion<'_> {
    /// The constant that people name.
    fn constant(&self) -> TokenStream {
        let Function { attributes, visibility, signature, .. } = self.function;
        let (docs, lints) = (&attributes.docs, &attributes.lints);
        let (name, marker) = (&signature.ident, &self.place.marker);
        quote! {
            #(#docs)*
            #(#lints)*
            #[allow(dead_code, non_upper_case_globals)]
            #visibility const #name: #marker = #marker;
        }
    }

    fn nested_unit_struct(&self) -> TokenStream {
        let docs = &self.function.attributes.docs;
        let name = unit_struct_name(&self.function.signature.ident);
        let visibility = one_level_up(&self.function.visibility);
        quote! {
            #(#docs)*
            #[derive(Clone, Copy, Debug, Default)]
            #visibility struct #name;
        }
    }

    /// Everything that hangs on the unit struct.
    fn method_items(&self, kind: Kind) -> Vec<TokenStream> {
        let mut items = vec![self.definition(), self.definition_check()];
        if kind == Kind::PlainMethod {
            items.extend([self.as_in_the_sdk(), self.executable(&self.execute_plainly())]);
        } else {
            let attempt = self.execute_attempt();
            items.extend([self.with_keys(), self.activity(), self.executable(&attempt)]);
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
        let unpack = has_input.then_some(unpack);
        let inputs = inputs.iter().map(|input| quote!(#input));
        let call = self.call_body([quote!(#context)].into_iter().chain(inputs));
        let (asyncness, output) = (&self.function.signature.asyncness, self.output());
        let wait = asyncness.map(|_| quote!(.await));
        let result = if self.function.output().is_some() {
            quote!(#private::ActivityReturn::into_result(#call #wait))
        } else {
            quote!(#call #wait; ::core::result::Result::Ok(()))
        };
        let name = self.name_method();
        quote! {
            impl #marker {
                #name

                /// Runs the plain body.
                #[allow(dead_code, clippy::missing_errors_doc)]
                pub #asyncness fn run(
                    self,
                    #(#arguments),*
                ) -> ::core::result::Result<#output, #private::ActivityError> {
                    #unpack
                    #result
                }
            }
        }
    }

    /// Runs [`run`](Self::as_in_the_sdk) as the SDK does: nothing else happens.
    fn execute_plainly(&self) -> TokenStream {
        let private = &self.private;
        let instance = self.place.takes_instance.then(|| hidden("instance")).into_iter();
        let input = (!self.inputs().is_empty()).then(|| quote!(input)).into_iter();
        let arguments = instance.map(|it| quote!(#it)).chain([quote!(context)]).chain(input);
        let ignore = self.inputs().is_empty().then(|| quote!(let () = input;));
        let run = quote!(Self.run(#(#arguments),*));
        if self.function.is_async() {
            quote!(#ignore ::std::boxed::Box::pin(#run))
        } else {
            quote!(#ignore #private::execute_blocking(move || #run))
        }
    }

    /// What a marker with keys of ours has: its name, the plain body, its options.
    fn with_keys(&self) -> TokenStream {
        let marker = &self.place.marker;
        let (name, options) = (self.name_method(), self.options());
        let Function { visibility, signature, .. } = self.function;
        let (asyncness, output) = (&signature.asyncness, &signature.output);
        let wait = asyncness.map(|_| quote!(.await));
        let names: Vec<Ident> =
            (0..self.parameters.len()).map(|it| hidden(&format!("argument_{it}"))).collect();
        let types = self.parameters.iter().map(|parameter| parameter.ty);
        let instance = self.place.takes_instance.then(|| self.instance_argument()).into_iter();
        let arguments =
            instance.chain(names.iter().zip(types).map(|(name, ty)| quote!(#name: #ty)));
        let call = self.call_body(names.iter().map(|name| quote!(#name)));
        quote! {
            impl #marker {
                #name

                /// Runs the plain body, without a heartbeat; its errors are the body's.
                #[allow(dead_code, clippy::missing_errors_doc, clippy::too_many_arguments)]
                #visibility #asyncness fn call(self, #(#arguments),*) #output {
                    #call #wait
                }

                #options
            }
        }
    }

    fn name_method(&self) -> TokenStream {
        let private = &self.private;
        quote! {
            /// The name under which the activity runs.
            #[allow(dead_code)]
            #[must_use]
            pub fn name(&self) -> &str {
                <Self as #private::ActivityDefinition>::name(self)
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

/// `say_hello` becomes `SayHello`: the SDK's way.
fn unit_struct_name(method: &Ident) -> Ident {
    let mut name = String::new();
    for word in method.unraw().to_string().split('_') {
        let mut characters = word.chars();
        name.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(characters.as_str());
    }
    // A method named `_1` or `self_` must not make something that is no name.
    let mut name = syn::parse_str(&name).unwrap_or_else(|_| format_ident!("Activity{name}"));
    name.set_span(method.span());
    name
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
