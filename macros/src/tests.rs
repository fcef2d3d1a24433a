//! The whole way from tokens to tokens.
