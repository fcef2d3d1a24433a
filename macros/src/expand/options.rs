//! The declared options, as a constant expression.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use crate::attr::{Choice, Grace, Keys, Retry};

/// What the keys declare, in the builder of the runtime.
pub(super) fn declared_options(keys: &Keys, private: &TokenStream) -> TokenStream {
    let timeout = duration(keys.heartbeat_timeout.value().copied().unwrap_or_default());
    let durations = [
        ("heartbeat_interval", &keys.heartbeat_interval),
        ("start_to_close_timeout", &keys.start_to_close_timeout),
        ("schedule_to_close_timeout", &keys.schedule_to_close_timeout),
        ("schedule_to_start_timeout", &keys.schedule_to_start_timeout),
        ("max_runtime", &keys.max_runtime),
        ("stall_timeout", &keys.stall_timeout),
    ];
    let durations = durations.into_iter().filter_map(|(key, value)| {
        let (key, value) = (Ident::new(key, Span::call_site()), duration(*value.value()?));
        Some(quote!(.#key(#value)))
    });
    let attempts = keys.max_attempts.value().map(|count| quote!(.max_attempts(#count)));
    let retry = keys.retry.value().map(|it| {
        let policy = retry(it, private);
        quote!(.retry(#policy))
    });
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
            #(#durations)* #attempts #retry #cancellation_type #grace #on_bad
    }
}

/// The keys of `retry(…)`, likewise.
fn retry(retry: &Retry, private: &TokenStream) -> TokenStream {
    let initial = retry.initial_interval.value().map(|it| {
        let interval = duration(*it);
        quote!(.initial_interval(#interval))
    });
    let coefficient = retry.backoff_coefficient.value().map(|it| quote!(.backoff_coefficient(#it)));
    let maximum = retry.maximum_interval.value().map(|it| {
        let interval = duration(*it);
        quote!(.maximum_interval(#interval))
    });
    let types = retry.non_retryable_error_types.value();
    let types = types.map(|types| quote!(.non_retryable_error_types(&[#(#types),*])));
    quote!(#private::Retry::SERVERS #initial #coefficient #maximum #types)
}

fn variant(choice: Choice) -> Ident {
    let name = match choice {
        Choice::TryCancel => "TryCancel",
        Choice::WaitCancellationCompleted => "WaitCancellationCompleted",
        Choice::Abandon => "Abandon",
        Choice::Retry => "Retry",
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
