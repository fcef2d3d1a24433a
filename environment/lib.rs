//! Only tests: our activities in the SDK's own test environment.
