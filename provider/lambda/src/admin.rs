use cloud::Cloud;
use pulumi_provider::Object;
use rotation::Error;
use system_aws::Aws;

use crate::decoded::{read, sound};
use crate::document::Document;

/// The credentials that a secret names beside itself: the section of the provider configuration, as the JSON of another secret.
pub(crate) struct Admin {
    section: Object,
    /// That secret as messages name it.
    of: String,
}

impl Admin {
    /// Reads the secret that `document` names, if it names one.
    ///
    /// # Errors
    /// It cannot be read, or is no JSON object.
    pub(crate) async fn of(document: &Document, aws: &Aws) -> Result<Option<Self>, Error> {
        let Some(id) = document.admin()? else { return Ok(None) };
        let text = aws.rotated_secret(id, None).current_value().await?;
        let of = format!("the secret {id:?} (`adminSecret`)");
        let section = Document::parse(&text, &of)?.only(|_| true);
        Ok(Some(Self { section, of }))
    }
}

/// The configuration of a cloud: what the administrator's secret says, or else what the function's environment does.
///
/// # Errors
/// The first property that is wrong.
pub(crate) fn config<C: Cloud>(admin: Option<&Admin>) -> Result<C::Config, Error> {
    let Some(Admin { section, of }) = admin else { return Ok(C::Config::default()) };
    let config: C::Config = read(section, of)?;
    sound(&C::problems(&config), of)?;
    Ok(config)
}
