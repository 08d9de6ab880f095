//! `GET /v1/models` and `/v1/models/{id}`.

use crate::Number;
use crate::canonical::canonical;

canonical! {
    /// What models there are.
    pub struct ModelList {
        /// `list`
        defaulted object: String,
        /// The models.
        required data: Vec<Model>,
    }
}

impl ModelList {
    /// A list of models.
    #[must_use]
    pub fn new(data: Vec<Model>) -> Self {
        Self { object: "list".to_owned(), data, ..Self::default() }
    }
}

canonical! {
    /// One model.
    pub struct Model {
        /// Its name; may contain `/`.
        required id: String,
        /// `model`
        defaulted object: String,
        /// Seconds since the Unix epoch.
        defaulted created: Number,
        /// Who offers it.
        defaulted owned_by: String,
    }
}

impl Model {
    /// A model.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, owned_by: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            object: "model".to_owned(),
            created: created.into(),
            owned_by: owned_by.into(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Canonical as _;

    #[test]
    fn a_list_has_the_documented_shape() {
        let list = ModelList::new(vec![Model::new("a/b", 7, "x")]);
        let json = r#"{"object":"list","data":[{"id":"a/b","object":"model","created":7,"owned_by":"x"}]}"#;
        assert_eq!(String::from_utf8(list.to_json()).unwrap(), json);
    }

    #[test]
    fn members_that_servers_add_or_leave_out_do_no_harm() {
        let json = br#"{"data":[{"id":"m","owned_by":null,"meta":{"n_params":1.0}}]}"#;
        let list = ModelList::from_json(json).unwrap();
        assert_eq!(list.data[0].id, "m");
        assert_eq!(list.data[0].extra.get_raw("meta").unwrap().as_str(), r#"{"n_params":1.0}"#);
        assert_eq!(ModelList::from_json(br#"{"data":[{}]}"#).unwrap_err().path, "data[0].id");
    }
}
