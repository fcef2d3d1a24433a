//! An `impl` block as it was written: its activities, and everything else as it is.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Ident, ItemImpl, Meta, Path, Type,
    ext::IdentExt,
    parse::{ParseStream, Parser, discouraged::Speculative},
    spanned::Spanned,
};

use crate::{
    diagnostics::nearest,
    model::{Function, is_ours, plain},
};

/// An `impl` block; the bodies of its methods are not parsed, so half-typed ones survive.
pub(crate) struct Block {
    /// The block without its items.
    pub(crate) head: ItemImpl,
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) items: Vec<Item>,
}

/// What stands in an `impl` block.
pub(crate) enum Item {
    Activity(Box<Method>),
    /// Left alone.
    Other(TokenStream),
}

/// A method with `#[activity]` on it.
pub(crate) struct Method {
    pub(crate) function: Function,
    /// The attributes themselves: usually one.
    pub(crate) marks: Vec<Attribute>,
}

impl Block {
    /// Reads a block, and nothing else.
    pub(crate) fn parse(item: &TokenStream, crate_path: &Path) -> syn::Result<Self> {
        let mut trees: Vec<TokenTree> = item.clone().into_iter().collect();
        let body = match trees.pop() {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => body,
            _ => return Err(syn::Error::new_spanned(item, "expected an `impl` block")),
        };
        let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
        empty.set_span(body.span());
        trees.push(empty.into());
        let head = syn::parse2(trees.into_iter().collect())?;
        let items = |input: ParseStream| {
            let inner_attributes = input.call(Attribute::parse_inner)?;
            let mut items = Vec::new();
            while !input.is_empty() {
                items.push(Item::parse(input, crate_path)?);
            }
            Ok((inner_attributes, items))
        };
        let (inner_attributes, items) = items.parse2(body.stream())?;
        Ok(Self { head, inner_attributes, items })
    }

    /// The attributes that decide whether the block is there at all.
    pub(crate) fn cfgs(&self) -> Vec<&Attribute> {
        self.head.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect()
    }

    /// Takes further `#[activities]` out, which would find no activity any more.
    pub(crate) fn take_marks(&mut self, crate_path: &Path) -> Vec<Attribute> {
        let is_mark = |attribute: &mut Attribute| {
            let path = attribute.path();
            let named = path.segments.last().is_some_and(|last| last.ident == "activities");
            named && is_ours(path, crate_path)
        };
        self.head.attrs.extract_if(.., is_mark).collect()
    }

    pub(crate) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.items.iter().filter_map(|item| match item {
            Item::Activity(method) => Some(&**method),
            Item::Other(_) => None,
        })
    }

    /// Whether something that is no activity has an attribute that was probably meant to make it one,
    /// about which there is an error already.
    pub(crate) fn has_misplaced_mark(&self) -> bool {
        let others = self.items.iter().filter_map(|item| match item {
            Item::Other(other) => Some(other.clone()),
            Item::Activity(_) => None,
        });
        others.flatten().any(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                let first = group.stream().into_iter().next();
                first.is_some_and(|word| nearest(&word.to_string(), &["activity"]).is_some())
            }
            _ => false,
        })
    }

    /// Activities whose marker is called as that of an earlier one, with that one: of neither it depends on
    /// a condition.
    pub(crate) fn doubles(&self) -> Vec<(&Method, &Method)> {
        let mut earlier: Vec<&Method> = Vec::new();
        let mut doubles = Vec::new();
        for method in self.methods().filter(|it| it.function.attributes.cfgs.is_empty()) {
            let marker = method.marker();
            match earlier.iter().find(|it| it.marker() == marker) {
                Some(first) => doubles.push((method, *first)),
                None => earlier.push(method),
            }
        }
        doubles
    }

    /// The name of the type, where it is a path.
    pub(crate) fn type_name(&self) -> Option<String> {
        let Type::Path(path) = plain(&self.head.self_ty) else { return None };
        Some(path.path.segments.last()?.ident.unraw().to_string())
    }
}

impl Item {
    fn parse(input: ParseStream, crate_path: &Path) -> syn::Result<Self> {
        let ahead = input.fork();
        if let Ok(mut function) = ahead.parse::<Function>() {
            input.advance_to(&ahead);
            let marks = function.attributes.take_marks(crate_path);
            return Ok(if marks.is_empty() {
                Self::Other(function.into_token_stream())
            } else {
                Self::Activity(Box::new(Method { function, marks }))
            });
        }
        let item: syn::ImplItem = input.parse()?;
        Ok(Self::Other(item.into_token_stream()))
    }
}

impl Method {
    /// What the unit struct is called that stands for it.
    pub(crate) fn marker(&self) -> Ident {
        unit_struct_name(&self.function.signature.ident)
    }

    /// Where its attribute stands.
    pub(crate) fn place(&self) -> Span {
        self.marks.first().map_or_else(Span::call_site, |mark| mark.path().span())
    }

    /// What is written between the parentheses.
    pub(crate) fn keys(&self) -> syn::Result<TokenStream> {
        if let Some(second) = self.marks.get(1) {
            return Err(syn::Error::new_spanned(second, "`#[activity]` is written twice"));
        }
        if let Some(conditional) = self.marks.first().filter(|it| it.path().is_ident("cfg_attr")) {
            let message = "a method of this block is an activity under every condition: write `#[activity]`, and \
                           `#[cfg(…)]` beside it where the method is to be left out";
            return Err(syn::Error::new_spanned(conditional, message));
        }
        match self.marks.first().map(|mark| &mark.meta) {
            Some(Meta::List(list)) => Ok(list.tokens.clone()),
            Some(Meta::NameValue(wrong)) => {
                let message = "write `#[activity]`, or its keys in parentheses: `#[activity(…)]`";
                Err(syn::Error::new_spanned(wrong, message))
            }
            Some(Meta::Path(_)) | None => Ok(TokenStream::new()),
        }
    }
}

/// `say_hello` becomes `SayHello`: the SDK's way.
pub(crate) fn unit_struct_name(method: &Ident) -> Ident {
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

impl ToTokens for Block {
    /// The block without our attributes, as it would stand without this macro.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let items = self.items.iter().map(|item| match item {
            Item::Activity(method) => method.function.to_token_stream(),
            Item::Other(other) => other.clone(),
        });
        self.with_items(&items.collect()).to_tokens(tokens);
    }
}

impl Block {
    /// The block with other items in it.
    pub(crate) fn with_items(&self, items: &TokenStream) -> TokenStream {
        let ItemImpl { attrs, unsafety, impl_token, generics, trait_, self_ty, .. } = &self.head;
        let trait_ = trait_.as_ref().map(|(path, for_token)| quote!(#path #for_token));
        let (inner, clause) = (&self.inner_attributes, &generics.where_clause);
        quote! {
            #(#attrs)*
            #unsafety #impl_token #generics #trait_ #self_ty #clause {
                #(#inner)*
                #items
            }
        }
    }
}
