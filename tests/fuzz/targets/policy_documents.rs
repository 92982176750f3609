//! A program of libFuzzer.

#![no_main]

fuzz::program!(fuzz::policy_documents);
