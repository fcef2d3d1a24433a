//! The rules that the grammar cannot say, one function each.

mod function;
mod keys;

pub(crate) use self::{
    function::{Kind, check_block, check_function},
    keys::{check_block_keys, check_keys, check_method_keys},
};
