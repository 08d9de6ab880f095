//! The nouns an operator manages, and what is wrong with them
