//! The checks of the types that were written, and the assumption that they have passed.
//!
//! See the runtime's `types`: a check stands at its type and is the only one to fail; every impl
//! assumes that all types fit, so that nothing else is said. Of a type that everybody knows to fit
//! nothing is asked and nothing assumed: each assumption makes the compiler think anew.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{FnArg, Ident, Pat, PatType, Signature, Type, parse_quote, spanned::Spanned};

use super::{Expansion, hidden};
use crate::model::{
    Parameter, Role, cannot_stand, fails_as_the_sdk, is_plain_data, unnamed, unsaid,
};

/// One type and the trait of ours that it must have.
pub(super) struct Need<'a> {
    ty: &'a Type,
    /// The trait, without its arguments.
    bound: TokenStream,
    /// The function that asks for it.
    check: TokenStream,
    /// Its argument, beside a lifetime.
    argument: Option<&'a Type>,
}

impl<'a> Need<'a> {
    fn new(ty: &'a Type, private: &TokenStream, (bound, check): (&str, &str)) -> Self {
        let path = |name| {
            let name = Ident::new(name, Span::call_site());
            quote!(#private::#name)
        };
        Self { ty, bound: path(bound), check: path(check), argument: None }
    }

    /// What `Self` of a block needs, which every attempt shares.
    pub(super) fn of_instance(own_type: &'a Type, private: &TokenStream) -> Self {
        Self::new(own_type, private, ("ActivityInstance", "of_methods"))
    }

    /// As it is assumed.
    fn predicate(&self) -> TokenStream {
        // No lifetime of a user's is called so, not even within the type.
        let (ty, bound) = (self.ty, self.bound(&quote!('__autobeat)));
        quote!(for<'__autobeat> #ty: #bound)
    }

    /// As it is asked, spanned so that an error covers the type as it was written.
    fn check(&self) -> TokenStream {
        let (ty, check, argument) = (self.ty, &self.check, self.argument.into_iter());
        let (first, last) = ends(ty);
        let head = quote_spanned!(first=> #check::<#ty #(, #argument)*);
        let tail = quote_spanned!(last=> >(););
        quote!(#head #tail)
    }

    fn bound(&self, lifetime: &TokenStream) -> TokenStream {
        let (bound, argument) = (&self.bound, self.argument.into_iter());
        quote!(#bound<#lifetime #(, #argument)*>)
    }
}

/// Where a type begins and where it ends.
fn ends(ty: &Type) -> (Span, Span) {
    let last = ty.to_token_stream().into_iter().last();
    (ty.span(), last.map_or_else(|| ty.span(), |token| token.span()))
}

/// `type Name = …;`, placed from the beginning of the first type to the end of the last.
pub(super) fn associated(
    name: &str,
    ends: Option<(&&Type, &&Type)>,
    ty: &TokenStream,
) -> TokenStream {
    let begin = ends.map_or_else(Span::call_site, |(first, _)| self::ends(first).0);
    let end = ends.map_or_else(Span::call_site, |(_, last)| self::ends(last).1);
    let name = Ident::new(name, end);
    let (head, tail) = (quote_spanned!(begin=> type #name =), quote_spanned!(end=> ;));
    quote!(#head #ty #tail)
}

impl Expansion<'_> {
    /// What the types need that workflows see: those of the inputs and of the output.
    pub(super) fn public_needs(&self) -> Vec<Need<'_>> {
        let private = &self.private;
        if self.wrong.is_some() {
            return Vec::new();
        }
        let inputs = self.inputs().into_iter().filter(|ty| !is_plain_data(ty));
        let inputs = inputs.map(|ty| Need::new(ty, private, ("ActivityInput", "input")));
        let output = match (self.function.written_output(), self.function.output()) {
            (Some(output), _) if is_plain_data(output) => None,
            (Some(output), _) => Some(Need::new(output, private, ("ActivityOutput", "output"))),
            // An alias for a `Result`: what it completes with only the compiler knows.
            (None, alias) => alias
                .map(|alias| Need::new(alias, private, ("ActivityReturnsData", "returned_data"))),
        };
        inputs.chain(output).collect()
    }

    /// What all types need.
    pub(super) fn needs(&self) -> Vec<Need<'_>> {
        let private = &self.private;
        let mut needs = self.public_needs();
        if self.wrong.is_some() {
            return needs;
        }
        if let (Some(ty), Some(output)) = (self.function.output(), self.function.written_output())
            && !fails_as_the_sdk(ty)
        {
            let need = Need::new(ty, private, ("ActivityReturns", "returned"));
            needs.push(Need { argument: Some(output), ..need });
        }
        let state = self.parameters.iter().find_map(|parameter| match parameter.role {
            Role::Checkpoint(state) => state.filter(|state| !is_plain_data(state)),
            _ => None,
        });
        needs.extend(state.map(|ty| Need::new(ty, private, ("ActivityState", "state"))));
        needs
    }
}

impl Expansion<'_> {
    /// The clause that assumes that all of its own types fit.
    pub(super) fn assumed(&self) -> TokenStream {
        assumed(&self.needs_with_instance())
    }

    /// The clause that assumes that what is returned fits.
    pub(super) fn assumed_to_return(&self) -> TokenStream {
        let output = self.function.output();
        let needs = self.needs();
        assumed(needs.iter().filter(|need| output.is_some_and(|it| std::ptr::eq(it, need.ty))))
    }

    /// What all types need, that of the instance included.
    pub(super) fn needs_with_instance(&self) -> Vec<Need<'_>> {
        let mut needs = self.needs();
        if self.wrong.is_none() {
            let own_type = self.place.own_type;
            needs.extend(own_type.map(|own_type| Need::of_instance(own_type, &self.private)));
        }
        needs
    }

    /// The plain body; nothing of it is left where a name in it means something else.
    pub(super) fn body(&self) -> TokenStream {
        if self.has_no_body() { quote!({ loop {} }) } else { self.function.body.clone() }
    }

    fn has_no_body(&self) -> bool {
        self.returns_no_type() || self.parameters.iter().any(|it| self.names_the_activity(it))
    }

    /// Whether what is returned has no name: it is an `impl Trait`, or left to the compiler.
    fn returns_no_type(&self) -> bool {
        self.function.output().is_some_and(|ty| unsaid(ty).or_else(|| unnamed(ty)).is_some())
    }

    /// Whether a parameter of a function has the name of the unit struct, which no binding can hide.
    fn names_the_activity(&self, parameter: &Parameter<'_>) -> bool {
        let name = &self.function.signature.ident;
        let is_named = matches!(parameter.pattern, Pat::Ident(pattern) if pattern.ident == *name);
        is_named && self.place.own_type.is_none()
    }

    /// The signature of the plain body, where a type that cannot stand is the error itself.
    pub(super) fn signature(&self) -> Signature {
        let mut signature = self.function.signature.clone();
        let Some(wrong) = self.wrong else { return signature };
        signature.variadic = None;
        if self.returns_no_type() {
            signature.output = parse_quote!(-> #wrong);
        }
        for (parameter, written) in self.parameters.iter().zip(typed(&mut signature)) {
            written.attrs.retain(|attribute| !attribute.path().is_ident("cfg"));
            if cannot_stand(parameter.ty) || matches!(parameter.role, Role::Checkpoint(None)) {
                *written.ty = Type::Verbatim(wrong.clone());
            }
            if self.has_no_body() {
                // Nothing uses it.
                *written.pat = parse_quote!(_);
            }
        }
        signature
    }
}

fn typed(signature: &mut Signature) -> impl Iterator<Item = &mut PatType> {
    signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    })
}

/// The checks, each at its type.
pub(super) fn checks(needs: &[Need<'_>]) -> TokenStream {
    let checks: TokenStream = needs.iter().map(Need::check).collect();
    if checks.is_empty() {
        return checks;
    }
    quote!(const _: fn() = || { #checks };)
}

impl Expansion<'_> {
    /// The checks of all types, and what an editor completes the keys from.
    pub(super) fn checks(&self) -> TokenStream {
        let checks: TokenStream = self.needs().iter().map(Need::check).collect();
        let completion = self.completion();
        // What nobody uses is not complained about in other words than those of functions.
        let marker = &self.place.marker;
        let is_right_function = self.wrong.is_none() && self.place.own_type.is_none();
        let used = is_right_function.then(|| {
            let options = self.refuses_options().is_none().then(|| quote!(, <#marker>::options));
            quote!(let _ = (#marker, <#marker>::call #options);)
        });
        let started = (self.wrong.is_none() && self.refuses_options().is_none()).then(|| {
            let (activity, text) = (hidden("activity"), hidden("text"));
            quote! {
                let _ = |#activity: &#marker, #text: &'static ::core::primitive::str| {
                    <#marker>::start_options(#activity, #text, #text)
                };
            }
        });
        // An editor alone knows this condition: what is below it is not for compilers.
        quote! {
            #[allow(unexpected_cfgs)]
            const _: fn() = || {
                #checks
                #used
                #started
                #[cfg(rust_analyzer)]
                { #completion }
            };
        }
    }

    /// The words that stand where keys and their values do, where they name something: items called as
    /// these are, which an editor offers, shows and finds.
    fn completion(&self) -> TokenStream {
        let private = &self.private;
        // A keyword can be no item's name.
        let can_be_named = |word: &Ident| syn::parse_str::<Ident>(&word.to_string()).is_ok();
        let words = self.keys.words.iter().filter(|word| can_be_named(word));
        let values = self.keys.values.iter().filter(|(_, word)| can_be_named(word));
        let values = values.map(|(key, word)| {
            quote! {
                mod #key {
                    use #private::words::#key::*;
                    use self::{#word as _};
                }
            }
        });
        let words_of_retry = self.keys.words_of_retry.iter().filter(|word| can_be_named(word));
        let retry = (!self.keys.retry.is_absent()).then(|| {
            quote! {
                mod retry {
                    use #private::retry_keys::*;
                    use self::{#(#words_of_retry as _),*};
                }
            }
        });
        quote! {
            #(#values)*
            #retry
            mod keys {
                use #private::keys::*;
                // Not at once: `self::self` is no name, so that `self` is not offered.
                use self::{#(#words as _),*};
            }
        }
    }
}

/// The clause that assumes them, each type once.
pub(super) fn assumed<'a>(needs: impl IntoIterator<Item = &'a Need<'a>>) -> TokenStream {
    let mut seen = HashSet::new();
    let predicates: Vec<TokenStream> = needs
        .into_iter()
        .map(Need::predicate)
        .filter(|predicate| seen.insert(predicate.to_string()))
        .collect();
    if predicates.is_empty() {
        return TokenStream::new();
    }
    quote!(where #(#predicates),*)
}
