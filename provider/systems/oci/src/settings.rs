//! What the plugin works with: the provider configuration, the environment and Oracle's file, put together.

mod login;
mod needed;

use rotation::Error;

use crate::config::OciConfig;
use crate::error::wrong_config;
use crate::place::{Origins, Place};
use crate::profile::file;
use crate::region::{Described, Regions, is_domain, is_region};
use crate::setting::{ENDPOINT, REALM_DOMAIN, REGION, REGION_METADATA, REGIONS_FILE, RESOURCE_REGION, TENANCY};
use crate::signing::{Means, Signing};
use crate::sources::{Env, Found, Sources, exposed};
use login::{Auth, Login, chosen};
use needed::{invalid, needed_ocid};

/// Everything that a first call needs.
pub(crate) struct Settings {
    pub(crate) place: Place,
    pub(crate) regions: Regions,
    pub(crate) signing: Signing,
    /// The user that the plugin signs as and its key's fingerprint; none for a session.
    pub(crate) signs_as: Option<(String, String)>,
    pub(crate) origins: Origins,
}

impl Settings {
    /// Reads what is needed; contacts nobody. What only the token of a principal says is empty in the place.
    ///
    /// # Errors
    /// What is wrong or missing, and where it belongs.
    pub(crate) fn resolve(config: &OciConfig, env: Env<'_>) -> Result<Self, Error> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(wrong_config(&problem.property, &problem.reason));
        }
        let sources = Sources::new(config, env);
        let auth = chosen(&sources)?;
        let tenancy = tenancy(&sources, auth.is_some_and(Auth::knows_tenancy))?;
        let region = region(&sources, auth)?;
        let endpoint = sources.find(&ENDPOINT)?;
        let (name, regions) = match &region {
            Some(region) => regions(&sources, region, endpoint.as_ref())?,
            None => (String::new(), Regions::find("", described(&sources)).1),
        };
        let origin = region.map_or_else(|| "the instance".to_owned(), |region| region.source.to_string());
        let address = match endpoint {
            Some(found) => format!("from {}", found.source),
            None => format!("OCI's own address; the region comes from {origin} or is the tenancy's home"),
        };
        let of = tenancy.as_ref().map_or_else(|| "of the token".to_owned(), |found| found.source.to_string());
        let place = Place { tenancy: tenancy.map(|found| found.plain().to_owned()).unwrap_or_default(), region: name };
        let Login { signing, signs_as, credentials } = Login::new(&sources, auth, &place.tenancy)?;
        let credentials = format!("the tenancy ({of}), {credentials}");
        Ok(Self { place, regions, signing, signs_as, origins: Origins { credentials, region: origin, address } })
    }

    /// Fills in what the token of a principal says, where the configuration says nothing.
    ///
    /// # Errors
    /// There is no token, or it does not say where it works.
    pub(crate) async fn complete(&mut self, means: Means<'_>, has_endpoint: bool) -> Result<(), Error> {
        if !self.place.tenancy.is_empty() && !self.place.region.is_empty() {
            return Ok(());
        }
        let told = self.signing.place(means).await?;
        if self.place.tenancy.is_empty() {
            self.place.tenancy = told.tenancy;
        }
        if self.place.region.is_empty() {
            (self.place.region, self.regions) = self.regions.other(&told.region);
        }
        if self.place.tenancy.is_empty() {
            return Err(invalid(
                "the token does not name its tenancy: set `keyrotation:oci.tenancyOcid` [KR-OCI-066]".to_owned(),
            ));
        }
        if self.regions.domain().is_none() && !has_endpoint {
            let region = &self.place.region;
            return Err(invalid(format!(
                "the region {region:?} is not in the plugin's table of regions: set `OCI_REGION_METADATA` or `keyrotation:oci.endpoints.identity` [KR-OCI-067]"
            )));
        }
        Ok(())
    }

    /// Tenancy and region as far as they are known; for texts that are shown, not for calls.
    pub(crate) fn place(config: &OciConfig, env: Env<'_>) -> Place {
        let sources = Sources::new(config, env);
        let plain = |setting| sources.find(setting).ok().flatten().map(|found| found.plain().to_owned());
        let region = plain(&REGION).map(|called| Regions::find(&called, described(&sources)).0);
        Place { tenancy: plain(&TENANCY).unwrap_or_default(), region: region.unwrap_or_default() }
    }
}

fn tenancy(sources: &Sources<'_>, is_known: bool) -> Result<Option<Found>, Error> {
    if is_known && sources.find(&TENANCY)?.is_none() {
        return Ok(None);
    }
    needed_ocid(sources, &TENANCY).map(Some)
}

/// The region; none if the metadata of an instance gives it.
fn region(sources: &Sources<'_>, auth: Option<Auth>) -> Result<Option<Found>, Error> {
    let found = sources.find(&REGION)?;
    match auth {
        Some(Auth::Instance) => Ok(found),
        Some(Auth::Resource | Auth::Oke) => {
            let of_resource = || sources.variable(&RESOURCE_REGION);
            let region = found.or_else(of_resource).ok_or_else(|| sources.needed(&[&REGION, &RESOURCE_REGION]))?;
            Ok(Some(region))
        }
        _ => Ok(Some(found.ok_or_else(|| sources.needed(&[&REGION]))?)),
    }
}

/// The region's full name, and where its realm is.
fn regions(sources: &Sources<'_>, region: &Found, endpoint: Option<&Found>) -> Result<(String, Regions), Error> {
    let described = described(sources);
    let faults = described.faults.join("; ");
    let (name, regions) = Regions::find(region.plain(), described);
    if regions.domain().is_some() || (endpoint.is_some() && is_region(&name)) {
        return Ok((name, regions));
    }
    if let Some(domain) = sources.variable(&REALM_DOMAIN).filter(|_| is_region(&name)) {
        return match is_domain(domain.plain()) {
            true => Ok((name, regions.in_domain(domain.plain()))),
            false => Err(invalid(format!(
                "{} is not the domain of a realm: write one such as oraclecloud.com [KR-OCI-055]",
                domain.source
            ))),
        };
    }
    let faults = if faults.is_empty() { faults } else { format!(". What is described cannot be used: {faults}") };
    let message = format!(
        "{} names the region {name:?}, which is not in the plugin's table of regions: check its spelling. For a region that is \
         newer than the plugin, the domain of its realm is needed: give it in {}, in `OCI_REGION_METADATA` or in `OCI_DEFAULT_REALM`, \
         such as `OCI_DEFAULT_REALM=oraclecloud.com`, or set `keyrotation:oci.endpoints.identity`{faults} [KR-OCI-056]",
        region.source, REGIONS_FILE.files[0]
    );
    Err(invalid(message))
}

/// The regions that the machine describes. What cannot be read matters only if a region is missing.
fn described(sources: &Sources<'_>) -> Described {
    let mut described = Described::default();
    for path in REGIONS_FILE.files.iter().map(|path| sources.path(path)).filter(|path| path.exists()) {
        match file(&path, REGIONS_FILE.name) {
            Ok(text) => described.add(exposed(&text), &path.display().to_string(), true),
            Err(error) => described.faults.push(error.message),
        }
    }
    if let Some(found) = sources.variable(&REGION_METADATA) {
        described.add(found.plain(), &found.source.to_string(), false);
    }
    described
}

#[cfg(test)]
mod tests;
