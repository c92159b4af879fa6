const axios = require("axios");

const apiKey = "YOUR_API_KEY";

const user_id = "USER_ID_ASSIGNED_BY_YOUR_SERVICE"; // required
const name = "USER_NAME"; // optional
const profile_url = "USER_PROFILE_IMAGE_URL"; // optional

axios
  .post(
    "https://api.pagecall.com/v1/users",
    { user_id, name, profile_url },
    { headers: { Authorization: `Bearer ${apiKey}` } }
  )
  .then((response) => {
    const { user } = response.data;
    // User created with AccessToken: TfowtRYBs0E_trzoTaCmAXKzB1JxDDhi
    console.log(`User created with AccessToken:`, user.access_token);
  })
  .catch((error) => {
    console.error("Error creating user:", error);
  });
