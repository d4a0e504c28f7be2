//! The fields of objects of JSON files that people write: each is known, and what is wrong is told with its place.

use serde_json::{Map, Value};

/// The longest name.
const NAME_BYTES_MAX: usize = 40;

/// The fields of an object of the file.
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    at: &'a str,
}

impl<'a> Fields<'a> {
    /// The fields of an object; `at` is where it stands, with a dot at its end, and empty for the file itself.
    ///
    /// # Errors
    /// What is wrong, with its place, when it is no object or holds a field that is not known.
    pub fn of(value: &'a Value, at: &'a str, allowed: &[&str]) -> Result<Self, String> {
        let allowed_words = allowed.join(", ");
        let Value::Object(map) = value else {
            let what = if at.is_empty() { "the file" } else { at.trim_end_matches('.') };
            return Err(format!("{what}: must be an object with {allowed_words}"));
        };
        match map.keys().find(|key| !allowed.contains(&key.as_str())) {
            Some(key) => Err(format!("{at}{key}: is not known; allowed are {allowed_words}")),
            None => Ok(Self { map, at }),
        }
    }

    /// A field; `None` where it is left out.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field)
    }

    /// A name that can be that of a folder on every system.
    ///
    /// # Errors
    /// What it must be, with its place.
    pub fn name(&self, field: &str) -> Result<String, String> {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = |text: &str| !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(is_allowed);
        match self.get(field) {
            Some(Value::String(text)) if is_name(text) => Ok(text.clone()),
            _ => {
                let at = self.at;
                Err(format!("{at}{field}: must be 1 to {NAME_BYTES_MAX} small letters, digits and dashes"))
            }
        }
    }

    /// A text; an empty one where the field is left out.
    ///
    /// # Errors
    /// What it must be, with its place.
    pub fn text(&self, field: &str) -> Result<String, String> {
        match self.get(field) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(format!("{}{field}: must be a text", self.at)),
        }
    }

    /// A whole number; `None` where the field is left out.
    ///
    /// # Errors
    /// What it must be, with its place.
    pub fn whole(&self, field: &str) -> Result<Option<i32>, String> {
        let wrong = || format!("{}{field}: must be a whole number, 0 or more", self.at);
        let number = |value: &Value| value.as_i64().and_then(|number| i32::try_from(number).ok()).filter(|n| *n >= 0);
        self.get(field).map(|value| number(value).ok_or_else(wrong)).transpose()
    }

    /// One of several words; `None` where the field is left out.
    ///
    /// # Errors
    /// The words that it may be, with its place.
    pub fn word<T: Copy>(&self, field: &str, words: &[(&str, T)]) -> Result<Option<T>, String> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        let allowed = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found
            .map(|(_, meant)| Some(*meant))
            .ok_or_else(|| format!("{}{field}: {value} is none of {}", self.at, allowed()))
    }

    /// A list; an empty one where the field is left out.
    ///
    /// # Errors
    /// That it must be one, with its place.
    pub fn list(&self, field: &str) -> Result<&'a [Value], String> {
        match self.get(field) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(format!("{}{field}: must be a list", self.at)),
        }
    }

    /// A list of texts; none where the field is left out.
    ///
    /// # Errors
    /// What it must be, with its place.
    pub fn texts(&self, field: &str) -> Result<Vec<String>, String> {
        let wrong = || format!("{}{field}: must be a list of texts", self.at);
        match self.get(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(texts)) => {
                texts.iter().map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
            }
            Some(_) => Err(wrong()),
        }
    }
}
