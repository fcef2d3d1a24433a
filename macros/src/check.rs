//! The rules that the grammar cannot say, one function each.

mod function;
mod keys;
mod types;

pub(crate) use self::{
    function::{Kind, METHOD_ALONE, check_block, check_doubles, check_function, check_place},
    keys::{check_block_keys, check_definition, check_hand_over, check_keys, check_method_keys},
};
