//! Type names as people write them.

/// `f64` for `f64`, `String` for `alloc::string::String`, `Vec<String>` for the obvious.
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    let full = std::any::type_name::<T>();
    let mut short = String::with_capacity(full.len());
    let mut segment = 0;
    for letter in full.chars() {
        if letter == ':' {
            short.truncate(segment);
        } else {
            short.push(letter);
            if !(letter.is_alphanumeric() || letter == '_') {
                segment = short.len();
            }
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::short_type_name;

    #[test]
    fn type_names_lose_their_paths() {
        assert_eq!(short_type_name::<f64>(), "f64");
        assert_eq!(short_type_name::<Vec<Option<String>>>(), "Vec<Option<String>>");
        assert_eq!(short_type_name::<(u8, std::time::Duration)>(), "(u8, Duration)");
        assert_eq!(short_type_name::<&'static [std::path::PathBuf]>(), "&[PathBuf]");
    }
}
