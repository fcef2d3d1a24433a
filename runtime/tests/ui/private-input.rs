#![allow(private_interfaces)]

use autobeat::activity;
use temporalio_common::data_converters::{TemporalDeserializable, TemporalSerializable};
use temporalio_sdk::activities::ActivityError;

struct Row;

impl TemporalSerializable for Row {}
impl TemporalDeserializable for Row {}

#[activity(heartbeat_timeout = "30s")]
pub async fn process(_number: u64, _row: Row) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
