//! A program of libFuzzer.

#![no_main]

fuzz::program!(fuzz::placeholders);
